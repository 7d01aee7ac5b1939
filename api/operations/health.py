from sqlalchemy import text

from api.http.blueprint import Blueprint
from api.http.fields import Choice
from api.http.schema import CamelSchema
from db.transaction import transaction

health_api = Blueprint("health", __name__)


class Health(CamelSchema):
    status = Choice("ok")


@health_api.route("/api/v1/health")
@health_api.response(200, Health)
@health_api.doc(security=[])
def show() -> dict[str, str]:
    """Answer 200 while requests can be accepted, which takes the database and nothing else."""
    with transaction() as session:
        session.execute(text("SELECT 1"))
    return {"status": "ok"}
