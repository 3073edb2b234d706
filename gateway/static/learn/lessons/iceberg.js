import { ANN, BEN, bookOf, buy, CAT, rests, YOU } from "./book.js";

export const iceberg = {
  id: "iceberg",
  title: "An iceberg",
  about: "An iceberg shows a part of its quantity. When that part has traded, the next one comes, at the back of the queue.",
  book: bookOf({
    bids: [rests(CAT, "2", "99")],
    asks: [rests(ANN, "10", "101", "2"), rests(BEN, "3", "101"), rests(CAT, "4", "102")],
  }),
  moves: [
    {
      says: "You buy 2 at the market.",
      does: buy(YOU, "2"),
      means: "You took all that Ann had shown. Her next 2 came up, but behind Ben: a refill has lost its place.",
    },
    {
      says: "You buy 4 at the market.",
      does: buy(YOU, "4"),
      means: "Ben's 3 were first, then 1 of Ann's. The book never showed more than 5 at 101.",
    },
    {
      says: "You buy 8 at the market. 101 shows 1.",
      does: buy(YOU, "8"),
      means: "Slice after slice came up: Ann had 7 left at 101. The last 1 came from Cat at 102.",
    },
  ],
};
