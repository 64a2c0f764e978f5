"""The page of the phones, and the wire by which our own sends reach them."""
