"""The only package that writes SQL. It takes and gives values of `model`."""
