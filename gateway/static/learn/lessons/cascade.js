import { ANN, BEN, bookOf, buy, CAT, DAN, rests, sell, waits, YOU } from "./book.js";

export const cascade = {
  id: "cascade",
  title: "A stop cascade",
  about: "A stop waits outside the book until a trade reaches its trigger. Then it trades, and may fire the next one.",
  book: bookOf({
    bids: [rests(DAN, "2", "99"), rests(DAN, "2", "98"), rests(DAN, "2", "97"), rests(DAN, "9", "94")],
    asks: [rests(DAN, "5", "101")],
    pending: [waits(ANN, "sell", "2", "99"), waits(BEN, "sell", "2", "98"), waits(CAT, "sell", "2", "97")],
  }),
  moves: [
    {
      says: "You bid for 2 at 95, below them all: nobody sees the stops.",
      does: buy(YOU, "2", "95"),
      means: "Stops are in nobody's book. You see them here because this is a lesson.",
    },
    {
      says: "You sell 1 at the market.",
      does: sell(YOU, "1"),
      means:
        "One trade at 99 fired Ann's stop. She sold at 99 and 98, which fired Ben's, whose trades fired Cat's. The price fell to 95, and your own bid bought there.",
    },
    {
      says: "Dan bids for 5 at 99 again.",
      does: buy(DAN, "5", "99"),
      means: "The price can come back as fast as it fell. Those who were stopped out have sold at the bottom.",
    },
  ],
};
