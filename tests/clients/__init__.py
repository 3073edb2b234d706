"""Stock clients of Binance Spot against a real exchange: scripted sessions, each in a process of its own."""
