"""What agents see and do: plain functions behind the wall of one organisation. Pages are made of them."""
