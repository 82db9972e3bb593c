// What shops and agents are called on the page: their names, and words for the rows that are no one's.

/** The queue of customers whom no agent has taken; no agent, so it has no tile. */
export const QUEUE = "unassigned";
/** All agents, or shops, beyond the limits of the configuration, together. */
const OTHERS = "_other";

/** Somebody who has a load: not the queue, and no robot. */
export const isPerson = ({ agent, bot }) => agent !== QUEUE && bot !== true;

/** `row`: the agent's in the snapshot, where there is one. */
export function agentName(agent, row, words) {
  if (agent === QUEUE) return words.unassigned;
  return agent === OTHERS ? words.otherAgents : row?.name ?? agent;
}

export function shopName(shop, row, words) {
  return shop === OTHERS ? words.otherShops : row?.name ?? shop;
}
