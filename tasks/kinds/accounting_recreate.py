from collections.abc import Sequence

from domain.accounting import recreation
from domain.accounting.sources import KIND, MAX_SOURCES_IN_A_JOB, TYPES, submit
from domain.jobs.work import ClaimedJob, Context, Outcome, job

DOCUMENT = {
    "type": "object",
    "properties": {
        "type": {"type": "string", "enum": list(TYPES)},
        "id": {"type": "integer", "minimum": 1, "maximum": 2**63 - 1},
        # The version that the caller has seen; a submission gives the source its next one.
        "version": {"type": "integer", "minimum": 1},
    },
    "required": ["type", "id"],
    "additionalProperties": False,
}
SCHEMA = {
    "type": "object",
    "properties": {"documents": {"type": "array", "items": DOCUMENT, "minItems": 1, "maxItems": MAX_SOURCES_IN_A_JOB}},
    "required": ["documents"],
    "additionalProperties": False,
}


# A full group of full jobs holds its sources' locks for about a second; a change of one of them waits that long.
@job(KIND, group=20, max_attempts=5, backoff=5.0, schema=SCHEMA, permission="accounting:recreate", submit=submit)
def recreate(context: Context, jobs: Sequence[ClaimedJob]) -> Sequence[Outcome]:
    """Each document has one live entry, that of its last version; what is superseded is left alone."""
    return recreation.recreate(context.session, [recreation.demand(job.organization_id, job.payload) for job in jobs])
