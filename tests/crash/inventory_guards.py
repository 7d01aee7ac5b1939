"""What protects the stock and the lines that move it, how each guard is taken away, and what then goes red."""

from typing import Any

from sqlalchemy import Select, false, select

from domain.inventory import catalogue, documents, movement, stock
from domain.inventory.steps import Step
from tests.crash.guards import Guard
from tests.crash.removals import Removal
from tests.scenarios import inventory


def any_of(model: type[Any], _organization_id: int) -> Select[Any]:
    return select(model)


def read_without_a_lock(away: Removal) -> None:
    def lock(session: Any, step: Step, organization_id: int, document_id: int) -> Any:
        return documents.get(session, step.document, organization_id, document_id)

    away.function(movement, "_lock", lock)


GUARDS = (
    Guard(
        "the unique movement of a line in a step",
        lambda away: away.schema("ALTER TABLE movements DROP CONSTRAINT movements_line_key"),
        inventory.the_database_refuses_a_second_movement_of_a_line,
        "a line moved twice",
    ),
    Guard(
        "the constraint that keeps stock above zero",
        lambda away: away.schema("ALTER TABLE stock DROP CONSTRAINT stock_quantity_check"),
        inventory.the_database_refuses_stock_below_zero,
        "stock is below zero",
    ),
    Guard(
        "the lines left out that have moved",
        lambda away: away.function(Step, "moved", lambda _: false()),
        inventory.a_new_job_goes_on_where_a_failed_one_stopped,
        "it began with what had moved",
    ),
    Guard(
        "the lock of the stock",
        lambda away: away.sql("lock_stock", "FOR NO KEY UPDATE"),
        inventory.two_sales_of_the_last_piece,
        "one sells, the other is refused",
    ),
    Guard(
        "the order in which stock is locked",
        lambda away: away.sql(
            "lock_stock", "ORDER BY location_id, product_id", "ORDER BY array_position(%(product_ids)s, product_id)"
        ),
        inventory.two_transfers_in_opposite_order_do_not_deadlock,
        "they waited in a circle",
    ),
    Guard(
        "the lock of the document",
        read_without_a_lock,
        inventory.two_jobs_of_one_transfer_move_each_line_once,
        "got into each other's way",
    ),
    Guard(
        "the refusal of a second job",
        lambda away: away.function(movement, "_refuse_second", lambda *_: None),
        inventory.a_transfer_sent_twice_at_once_is_one_job,
        "two jobs are at one transfer",
    ),
    Guard(
        "the look at the stock before a job is accepted",
        lambda away: away.function(stock, "look", lambda *_: None),
        inventory.a_shortage_is_refused_before_anything_is_written,
        "what is not there was accepted",
    ),
    Guard(
        "the organization filter of documents",
        lambda away: away.function(documents, "of", any_of),
        inventory.another_organization_sees_and_moves_nothing,
        "shown to another organization: /api/v1/transfers",
    ),
    Guard(
        "the organization filter of products and locations",
        lambda away: away.function(catalogue, "_of", any_of),
        inventory.another_organization_sees_and_moves_nothing,
        "shown to another organization: /api/v1/products",
    ),
    Guard(
        "the organization filter of what a document names",
        lambda away: away.function(catalogue, "unknown", lambda *_: set()),
        inventory.another_organization_sees_and_moves_nothing,
        "a stranger's goods are taken",
    ),
    Guard(
        "the organization filter of a job that moves lines",
        lambda away: away.function(movement, "of", any_of),
        inventory.another_organization_sees_and_moves_nothing,
        "another organization moved a line",
    ),
)
