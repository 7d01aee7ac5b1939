"""The lanes, declared here alone: each is a queue of the broker, and workers and messages take them in this order."""

LANES = URGENT, DEFAULT, IO, OCR = "urgent", "default", "io", "ocr"
# Served by a part of its own each: `counterfoil io` and `counterfoil ocr`.
APART = (IO, OCR)
