"""The table of an invoice's lines: a column is as wide as its longest number, so that each number stands whole."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

from domain.templates.formatting import LocalFormat
from domain.templates.texts import directed
from domain.templates.view import Line

# In widths of the text's size (em). The shipped templates are 52 wide or more, and pad a cell by 1.3.
TABLE, PADDING, DIGIT = 52.0, 1.3, 0.58
# What a description is left at least, and how much smaller a head's letters are than those of the lines.
DESCRIPTION, HEAD_LETTER = 12.0, 0.55


class Column(NamedTuple):
    """A column of numbers: its class in HTML, its label, its least width, and the text of each line."""

    name: str
    label: str
    least: float
    texts: Sequence[str]

    def width(self, size: float) -> float:
        """Return how wide it is with numbers of `size`, 1 being the text's own."""
        longest = max(map(len, self.texts), default=0) * DIGIT * size
        word = max(map(len, self.label.split())) * HEAD_LETTER
        return max(longest, word, self.least) + PADDING


class Items:
    """The rows of the table, and its head: one that a template brings instead has a column for discounts."""

    def __init__(
        self,
        lines: Sequence[Line],
        local: LocalFormat,
        labels: Mapping[str, str],
        with_head: bool,
        beside: Sequence[Sequence[str]],
    ) -> None:
        """Take the lines, and of each the HTML that stands below its description."""
        self._descriptions = [_description(line, labels, texts) for line, texts in zip(lines, beside, strict=True)]
        self._label = labels["Description"]
        discounts = [local.amount(line.discount) if line.discount else "" for line in lines]
        columns = [
            Column(
                "quantity", labels["Quantity"], 4.0, [local.quantity(line.quantity, line.unit_code) for line in lines]
            ),
            Column("unit-price", labels["Unit price"], 6.0, [local.amount(line.unit_price) for line in lines]),
            Column("discount", labels["Discount"], 5.0, discounts),
            Column("tax-rate", labels["Tax"], 3.5, [local.rate(line.tax_rate) for line in lines]),
            Column("line-total", labels["Total"], 6.5, [local.amount(line.line_total) for line in lines]),
        ]
        self._columns = [one for one in columns if not with_head or one.name != "discount" or any(discounts)]
        self._size = self._fitting_size()

    @property
    def head(self) -> str:
        """Return the widths and the head of the table."""
        shares = [100 * column.width(self._size) / TABLE for column in self._columns]
        widths = "".join(f'<col style="width: {share:.1f}%">' for share in [100 - sum(shares), *shares])
        cells = "".join(f'<th class="number">{escape(column.label)}</th>' for column in self._columns)
        return f"<colgroup>{widths}</colgroup><thead><tr><th>{escape(self._label)}</th>{cells}</tr></thead>"

    @property
    def rows(self) -> str:
        """Return a row for each line."""
        size = f' style="font-size: {self._size:.2f}em"' if self._size < 1 else ""
        openings = [f'<td class="number {column.name}"{size}>' for column in self._columns]
        numbers = zip(*(column.texts for column in self._columns), strict=True)
        return "\n".join(
            f'<tr><td class="description">{description}</td>{_cells(openings, texts)}</tr>'
            for description, texts in zip(self._descriptions, numbers, strict=True)
        )

    def _fitting_size(self) -> float:
        room = TABLE - DESCRIPTION - PADDING * len(self._columns)
        needed = sum(column.width(1.0) - PADDING for column in self._columns)
        return min(1.0, room / needed)


def _description(line: Line, labels: Mapping[str, str], beside: Sequence[str]) -> str:
    """Return the HTML of what a line says besides its numbers."""
    item = f'<span class="label">{escape(labels["Item"])}</span> {directed(line.item_id)}' if line.item_id else ""
    return "<br>".join(filter(None, (directed(line.description), item, *beside)))


def _cells(openings: Sequence[str], texts: Sequence[str]) -> str:
    return "".join(f"{opening}{escape(text)}</td>" for opening, text in zip(openings, texts, strict=True))
