"""How much of a file is read: what has more is refused, or cut."""

MAX_PAGES = 50
# Of a picture in a file.
MAX_PIXELS = 50_000_000
# Of a page as text recognition takes it: A4 at 200 dpi has 3.9 million.
MAX_SCAN_PIXELS, MAX_SCAN_SIDE = 4_000_000, 8000
# Of a page as people look at it.
MAX_SIDE = 2000
# Of a page, and of a word.
MAX_WORDS, MAX_LETTERS = 3000, 200
# A page's side; a larger one counts as one of that size.
MAX_POINTS = 20_000.0
