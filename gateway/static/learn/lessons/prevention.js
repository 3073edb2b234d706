import { BEN, bookOf, buy, CAT, rests, sell, YOU } from "./book.js";

export const prevention = {
  id: "prevention",
  title: "Self-trade prevention",
  about: "Whoever buys from himself only makes noise. An order says what happens where it meets an order of its own account.",
  book: bookOf({
    bids: [rests(CAT, "3", "99")],
    asks: [rests(YOU, "2", "101"), rests(BEN, "3", "101")],
  }),
  moves: [
    {
      says: "You buy 1 at the market, without prevention. The first in the queue is yourself.",
      does: buy(YOU, "1"),
      means: "You have traded with yourself and paid two fees. Nothing else has changed.",
    },
    {
      says: "You buy 2 with cancel_newest.",
      does: buy(YOU, "2", null, { self_trade_prevention: "cancel_newest" }),
      means: "The new order is canceled where it meets your own. Nothing trades.",
    },
    {
      says: "You buy 2 with cancel_oldest.",
      does: buy(YOU, "2", null, { self_trade_prevention: "cancel_oldest" }),
      means: "Your old order is canceled out of the way. The new one buys 2 from Ben.",
    },
    {
      says: "You bid for 2 at 100.",
      does: buy(YOU, "2", "100"),
      means: "Your bid is the best one now.",
    },
    {
      says: "You sell 3 at 99 with decrement.",
      does: sell(YOU, "3", "99", { self_trade_prevention: "decrement" }),
      means: "Your two orders took 2 off each other, without a trade. The 1 that was left went to Cat at 99.",
    },
  ],
};
