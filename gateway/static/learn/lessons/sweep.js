import { ANN, BEN, bookOf, buy, CAT, rests, sell, DAN, YOU } from "./book.js";

export const sweep = {
  id: "sweep",
  title: "A sweep",
  about: "A market order takes what stands in the book, level by level. The more it takes, the worse its price gets.",
  book: bookOf({
    bids: [rests(ANN, "3", "99")],
    asks: [rests(ANN, "2", "101"), rests(BEN, "1", "102"), rests(CAT, "2", "102"), rests(BEN, "5", "104")],
  }),
  moves: [
    {
      says: "You buy 6 at the market. The best ask is 101, with 2.",
      does: buy(YOU, "6"),
      means: "You took 2 at 101, 3 at 102 and 1 at 104. You paid more than 102 for each on average. That is slippage.",
    },
    {
      says: "Dan offers 3 at 102.",
      does: sell(DAN, "3", "102"),
      means: "The gap that you left is filled again. Makers earn the spread that takers pay.",
    },
    {
      says: "You bid for 5 at 103, with a limit order.",
      does: buy(YOU, "5", "103"),
      means: "A limit order sweeps too, but never beyond its price. 3 traded at 102, and 2 rest at 103.",
    },
    {
      says: "You try for 9 at 104, all or nothing (fill or kill).",
      does: buy(YOU, "9", "104", { order_type: "fok" }),
      means: "Only 4 are offered up to 104, so nothing trades at all.",
    },
  ],
};
