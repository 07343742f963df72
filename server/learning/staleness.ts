// Nguyen, Malik, Zhan, Yousefpour, Rabbat, Malek, Huba: "Federated Learning with Buffered Asynchronous Aggregation",
// AISTATS 2022, §5 and appendix: s(τ) = 1 / √(1 + τ), after the polynomial family of Xie, Koyejo, Gupta (FedAsync, 2019).

/** How much an update counts that is τ versions old: 1 for none, falling with the root. */
export const stalenessWeight = (versions: number): number => 1 / Math.sqrt(1 + versions);
