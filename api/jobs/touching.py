from api.http.idempotency import Answer
from api.jobs.schemas import Touched
from domain.jobs.bulk import Selection


def touched(selection: Selection, job_id: int | None = None) -> Answer:
    """Return the answer to an act on many jobs: 202 with the job that does it, or 200 for a dry run without one."""
    told = {
        "matched": len(selection.job_ids), "types": dict(selection.kinds), "complete": selection.complete,
        "dry_run": job_id is None, "job_id": job_id,
    }  # fmt: skip
    location = {"Location": f"/api/v1/jobs/{job_id}"} if job_id else {}
    return Answer(202 if job_id else 200, Touched().dump(told), location)
