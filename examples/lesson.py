"""A lesson for a class: the spread, and price-time priority. What the exchange answers is the key to the questions.

python examples/lesson.py             # asks, in LESSON-USDT of the demo or of EXCHANGE_URL
python examples/lesson.py --answers   # gives the answers itself
"""

import sys

from matching_exchange import Client, Side

SYMBOL = "LESSON-USDT"


class Lesson:
    """Asks questions and counts right answers."""

    def __init__(self, *, gives_answers: bool) -> None:
        self.gives_answers = gives_answers
        self.asked = self.right = 0

    def ask(self, question: str, right: object) -> None:
        self.asked += 1
        if self.gives_answers:
            print(f"\n{question} {right}")
        elif input(f"\n{question} ").strip().lower() != str(right).lower():
            print(f"  The exchange says: {right}")
            return
        self.right += 1


def fill_the_book(exchange: Client) -> dict[int, str]:
    """Four sellers and a buyer. Returns whose each order is."""
    exchange.set_instrument(
        SYMBOL, base="LESSON", quote="USDT", tick_size="0.01", lot_size=1, max_quantity=1000, max_price=1000
    )
    owners = {}
    for name, side, price, quantity in (
        ("Anna", Side.SELL, "10.02", 5),
        ("Ben", Side.SELL, "10.01", 4),
        ("Cleo", Side.SELL, "10.01", 4),
        ("Dora", Side.SELL, "10.05", 9),
        ("Emil", Side.BUY, "9.97", 5),
    ):
        exchange.cancel_all(symbol=SYMBOL, account=name)
        order = exchange.place(SYMBOL, side, quantity=quantity, price=price, account=name)
        owners[order.order_id] = name
        print(f"{name:>5} {side}s {quantity} at {price}")
    return owners


def teach(lesson: Lesson, exchange: Client) -> None:
    owners = fill_the_book(exchange)
    depth = exchange.depth(SYMBOL)
    bid, ask = depth.bids[0], depth.asks[0]
    lesson.ask("How wide is the spread?", ask.price - bid.price)
    lesson.ask("How much is for sale at the best price?", ask.quantity)

    taken = exchange.place(SYMBOL, "buy", "market", quantity=6, account="Fritz")
    makers = [owners[trade.maker_order_id] for trade in taken.trades]
    print("\nFritz buys 6 at the market.")
    lesson.ask("Ben and Cleo ask the same price. Who sells first?", makers[0])
    lesson.ask("Who sells next?", makers[1])
    lesson.ask("What has Fritz paid on average?", taken.average_price)
    lesson.ask("How many are still for sale at 10.01?", exchange.depth(SYMBOL).asks[0].quantity)

    ben = exchange.place(SYMBOL, "sell", quantity=4, price="10.01", account="Ben")
    taken = exchange.place(SYMBOL, "buy", quantity=3, price="10.03", account="Fritz")
    owners[ben.order_id] = "Ben"
    print("\nBen offers 4 at 10.01 again. Fritz bids 10.03 for 3.")
    lesson.ask("At which price does Fritz buy the first?", taken.trades[0].price)
    lesson.ask("Who sells it, Ben or Cleo?", owners[taken.trades[0].maker_order_id])
    lesson.ask("Who sells the last of the three?", owners[taken.trades[-1].maker_order_id])


if __name__ == "__main__":
    lesson = Lesson(gives_answers="--answers" in sys.argv[1:])
    with Client() as exchange:
        teach(lesson, exchange)
    print(f"\n{lesson.right} of {lesson.asked} right.")
