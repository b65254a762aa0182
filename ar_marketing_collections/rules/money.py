"""Amounts of money."""

#: Less than this is nothing, in any currency.
ROUNDING = 1e-6
