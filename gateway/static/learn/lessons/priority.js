import { amend, ANN, BEN, bookOf, buy, CAT, DAN, rests, sell, YOU } from "./book.js";

export const priority = {
  id: "priority",
  title: "Price-time priority",
  about: "The best price trades first. At one price, who came first trades first. That is the whole rule.",
  book: bookOf({
    bids: [rests(ANN, "2", "99"), rests(BEN, "1", "99"), rests(CAT, "5", "98")],
    asks: [rests(ANN, "2", "101"), rests(BEN, "3", "102")],
  }),
  moves: [
    {
      says: "You bid for 2 at 99. Two orders stand there already.",
      does: buy(YOU, "2", "99"),
      means: "You stand at the end of the queue at 99: behind Ann and Ben, and before everyone at 98.",
    },
    {
      says: "Dan sells 2 at the market.",
      does: sell(DAN, "2"),
      means: "The queue trades from its front. Ann was first, and sells are hers. Ben is next, then you.",
    },
    {
      says: "Cat bids for 1 at 100, a better price.",
      does: buy(CAT, "1", "100"),
      means: "A better price stands before all others, however late it comes.",
    },
    {
      says: "Dan sells 3 at the market.",
      does: sell(DAN, "3"),
      means: "Cat at 100 is first. Then Ben at 99. The last 1 is yours, and 1 of your order is left.",
    },
    {
      says: "Ann bids for 4 at 99, behind you.",
      does: buy(ANN, "4", "99"),
      means: "You were there before her: you are first at 99.",
    },
    {
      says: "You raise your order from 2 to 4. 1 of it has traded.",
      does: amend(YOU, "99", { quantity: "4" }),
      means: "Who asks for more goes to the back of the queue. Ann is first now. To ask for less keeps the place.",
    },
  ],
};
