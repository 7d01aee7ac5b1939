import logging

from api.http.blueprint import Blueprint
from api.http.fields import Choice
from api.http.problems import unavailable
from api.http.schema import CamelSchema
from db import condition
from db.transaction import transaction

log = logging.getLogger(__name__)
health_api = Blueprint("health", __name__)


class Health(CamelSchema):
    status = Choice("ok")


@health_api.route("/api/v1/health")
@health_api.response(200, Health)
@health_api.doc(security=[])
def show() -> dict[str, str]:
    """Answer 200 while requests can be accepted, which takes the database and nothing else."""
    try:
        with transaction() as session:
            condition.check(session)
    except condition.SchemaNewer as error:  # this process may go on; only a new one must not start
        log.warning("%s", error)
    except condition.Unusable as error:
        log.error("not healthy: %s", error)
        raise unavailable(f"requests cannot be accepted: {error}") from None
    return {"status": "ok"}
