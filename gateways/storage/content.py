"""What is read from a storage."""

from collections.abc import Callable, Iterator


class Content:
    """The bytes of a file, in pieces of 64 KB at the most. Whoever does not read them to the end closes them."""

    def __init__(self, pieces: Iterator[bytes], close: Callable[[], None]) -> None:
        self._pieces, self._close = pieces, close

    def __enter__(self) -> "Content":
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        """Let go of the file or the connection; closing twice does no harm."""
        self._close()
