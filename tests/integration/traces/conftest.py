import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from cli.otel import Recorder
from db import traces
from domain import encryption, master_keys
from tests.conftest import configure


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """What this process records."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(traces, "recorder", Recorder(provider))
    return exporter


@pytest.fixture
def receivers_on_loopback(database: str, settings_return: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Webhooks may be posted to loopback, without TLS."""
    monkeypatch.setattr(encryption, "_unwrapped", encryption.UnwrappedKeys())
    configure(master_keys=master_keys.new_key(), webhook_allow_http=1, webhook_allowed_networks="127.0.0.0/8")
