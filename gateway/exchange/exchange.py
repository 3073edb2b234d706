"""All use cases of one worker, a family each."""

from gateway.exchange.accounts import Accounts
from gateway.exchange.maintenance import Maintenance
from gateway.exchange.markets import Markets
from gateway.exchange.money import Faucet, Money
from gateway.exchange.orders import Orders
from gateway.link.broker import Broker
from gateway.link.instruments import Instruments


class Exchange:
    """What every door of the gateway calls."""

    def __init__(self, broker: Broker, instruments: Instruments, faucet: Faucet = ()) -> None:
        self.instruments = instruments
        self.orders = Orders(broker, instruments)
        self.accounts = Accounts(broker, instruments)
        self.markets = Markets(broker, instruments)
        self.money = Money(broker, instruments, faucet)
        self.maintenance = Maintenance(broker, instruments)
