import { ANN, BEN, bookOf, buy, DAN, rests, sell, sellOco, YOU } from "./book.js";

export const oco = {
  id: "oco",
  title: "One cancels the other",
  about: "An OCO is two orders of which one may trade: a profit to take above the market, and a stop below it.",
  book: bookOf({
    bids: [rests(ANN, "4", "99"), rests(BEN, "4", "96")],
    asks: [rests(BEN, "2", "101")],
  }),
  moves: [
    {
      says: "You want to sell 3: at 103 with a profit, or at the market once 97 is traded.",
      does: sellOco(YOU, "3", "103", "97"),
      means: "One leg rests at 103. The other waits for a trade at 97 or below.",
    },
    {
      says: "Dan buys 4 with a limit of 103.",
      does: buy(DAN, "4", "103"),
      means: "Ben's 2 went first. Then 2 of yours traded at 103. The stop now waits for the 1 that is left.",
    },
    {
      says: "Dan sells 5 at the market.",
      does: sell(DAN, "5"),
      means: "The trade at 96 fired your stop. Your last 1 was sold at 96, and its other leg at 103 is canceled.",
    },
  ],
};
