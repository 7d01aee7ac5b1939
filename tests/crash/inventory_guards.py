"""What protects the stock and the lines that move it, how each guard is taken away, and what then goes red."""

from typing import Any

from sqlalchemy import Select, literal, select

from domain.inventory import catalogue, documents, lines, movement, stock, undoing
from domain.inventory.steps import Step
from tests.crash.guards import Guard
from tests.crash.removals import Removal
from tests.scenarios import inventory, reservations


def any_of(model: type[Any], _organization_id: int) -> Select[Any]:
    return select(model)


def read_without_a_lock(away: Removal) -> None:
    def read(session: Any, step: Step, organization_id: int, document_id: int) -> Any:
        return documents.get(session, step.document, organization_id, document_id)

    for module in (movement, undoing):
        away.function(module, "lock_document", read)


def forget_what_was_sent(away: Removal) -> None:
    known = Step.last_round
    away.function(Step, "last_round", lambda step: literal(0) if step.name == "send" else known(step))


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
        forget_what_was_sent,
        inventory.a_new_job_goes_on_where_a_failed_one_stopped,
        "it began with what had moved",
    ),
    Guard(
        "the lock of the stock",
        lambda away: away.sql("lock_stock", "FOR NO KEY UPDATE"),
        inventory.two_transfers_of_the_last_piece,
        "one is accepted, the other is refused",
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
        inventory.a_transfer_sent_twice_at_once_is_one_job,
        "two jobs are at one transfer",
    ),
    Guard(
        "the refusal of a second job",
        lambda away: away.function(movement, "refuse_second", lambda *_: None),
        inventory.a_transfer_sent_twice_at_once_is_one_job,
        "two jobs are at one transfer",
    ),
    Guard(
        "the comparison of the stock with what is asked for",
        lambda away: away.function(stock, "_refuse_shortage", lambda *_: None),
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
        lambda away: away.function(lines, "of", any_of),
        inventory.another_organization_sees_and_moves_nothing,
        "another organization moved a line",
    ),
    Guard(
        "the reservation of all lines at acceptance",
        lambda away: away.function(movement, "_reserve", lambda *_: None),
        reservations.goods_sold_by_a_job_are_nobody_elses_from_its_acceptance_on,
        "nothing is reserved",
    ),
    Guard(
        "what others have reserved, left out of what is available",
        lambda away: away.sql("available_stock", "quantity - reserved", "quantity"),
        reservations.goods_sold_by_a_job_are_nobody_elses_from_its_acceptance_on,
        "went elsewhere",
    ),
    Guard(
        "the trigger that lets go what an ended job had reserved",
        lambda away: away.schema("ALTER TABLE open_jobs DISABLE TRIGGER release_reservations"),
        reservations.however_a_job_ends_its_goods_are_available_in_the_same_commit,
        "an ended job keeps its goods",
    ),
    Guard(
        "the undoing of what a cancelled job has moved",
        lambda away: away.function(undoing, "owe_undo", lambda *_: None),
        reservations.what_a_cancelled_job_left_half_done_is_undone,
        "is left half done",
    ),
    Guard(
        "half a purchase kept from everybody",
        lambda away: away.function(stock, "hold", lambda *_: None),
        reservations.half_a_purchase_is_nobodys_until_the_rest_is_in,
        "half a purchase can be had",
    ),
    Guard(
        "the value of half a purchase kept apart",
        lambda away: away.sql(
            "take_stock",
            "own AS there, own_value AS worth",
            "stock_levels.quantity AS there, stock_levels.value AS worth",
        ),
        reservations.half_a_purchase_is_nobodys_until_the_rest_is_in,
        "worth more than it had cost",
    ),
    Guard(
        "the document that names the one job which may move it",
        lambda away: away.function(movement, "_require_own", lambda *_: None),
        reservations.what_its_caller_was_told_is_refused_never_moves,
        "done after all",
    ),
    Guard(
        "the status that a step requires",
        lambda away: away.function(movement, "_require", lambda *_: None),
        inventory.goods_arrive_only_when_their_transfer_was_sent,
        "goods arrive that were never sent",
    ),
    Guard(
        "the lock of a document that is refused",
        read_without_a_lock,
        reservations.what_a_retry_has_given_to_a_worker_is_not_refused,
        "refused, though it goes on",
    ),
    Guard(
        "the status of a job read again before it is refused",
        lambda away: away.function(movement, "has_failed", lambda *_: True),
        reservations.what_a_retry_has_given_to_a_worker_is_not_refused,
        "refused, though it goes on",
    ),
)
