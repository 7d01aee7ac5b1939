from collections.abc import Mapping
from typing import Any

from sqlalchemy import func

from db.models import PARTY_FIELDS, Client, Supplier


def overwrite(party: Supplier | Client, fields: Mapping[str, Any]) -> None:
    """Set the fields of a party; one that is absent is cleared."""
    for name, value in {**dict.fromkeys(PARTY_FIELDS), **fields}.items():
        setattr(party, name, value)
    party.updated_at = func.clock_timestamp()
