"""What happens to the orders and the balances of an account, told as it happens."""
