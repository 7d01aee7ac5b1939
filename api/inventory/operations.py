"""The steps of documents as operations: accepted as a job, and done while the caller waits if they can be."""

from collections.abc import Mapping
from typing import Any

from flask import g
from marshmallow import Schema
from sqlalchemy.orm import Session

from api.http.idempotency import Answer
from api.inventory.schemas import Sale, accepted
from api.jobs.outcome import Operation
from db import models
from domain.inventory import documents, movement
from domain.inventory.steps import POST, Step
from domain.jobs import catalogue
from domain.jobs.submission import submit

SALES = "/api/v1/sales"


class TakeStep(Operation):
    """A step of a document that is there."""

    def __init__(self, step: Step, schema: Schema, document_id: int, body: Mapping[str, Any]) -> None:
        self.step, self.kind_name, self.schema = step, step.kind, schema
        self.payload = {step.key: document_id, **body}

    def accept(self, session: Session, held: float) -> Answer:
        job_id = submit(session, g.organization_id, self.kind_name, self.payload, held=held).job_id
        document = self._document(session, self.payload)
        return accepted(self.step.noun, document, catalogue.get(session, g.organization_id, job_id))

    def done(self, session: Session, accepted: Mapping[str, Any]) -> Answer:
        return Answer(200, self.schema.dump(self._document(session, accepted)))

    def withdraw(self, session: Session, accepted: Mapping[str, Any]) -> bool:
        document_id = accepted[self.step.key]
        return movement.withdraw(self.step, session, g.organization_id, document_id, accepted["jobId"])

    def _document(self, session: Session, named: Mapping[str, Any]) -> Any:
        return documents.get(session, self.step.document, g.organization_id, named[self.step.key])


class Sell(TakeStep):
    """A sale that is made and posted."""

    def __init__(self, body: dict[str, Any]) -> None:
        super().__init__(POST, Sale(), 0, {})
        self.body = body

    def accept(self, session: Session, held: float) -> Answer:
        sale: models.Sale = documents.create_sale(session, g.organization_id, self.body)
        self.payload = {"saleId": sale.id}
        return super().accept(session, held)

    def done(self, session: Session, accepted: Mapping[str, Any]) -> Answer:
        sale = super().done(session, accepted)
        return Answer(201, sale.body, {"Location": f"{SALES}/{accepted['saleId']}"})
