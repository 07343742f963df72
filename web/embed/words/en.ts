/** What the element says before anything runs. The loader carries both languages, so they are few words. */
export const en = {
  invite: 'Help this site learn: 1 minute, data stays here',
  join: 'Join',
  joinName: 'Join training',
  what: 'What is this?',
  about: (server: string) => [
    `A model on ${server} learns from the examples of many people. Yours stay in this browser: it trains the model on them here, and sends back how the model changed.`,
    'Nothing runs until you agree. You can pause or leave at any time, and it stops within a second.',
    'The site that you are on provides this. It can read what its own pages store in this browser, your examples included.',
  ],
  erase: 'Delete my data',
  eraseAway: 'The server cannot be reached. Only your examples and your key in this browser are deleted.',
  erased: 'Deleted in this browser only.',
  notErased: 'Not deleted.',
  loading: 'Getting ready.',
  leave: 'Leave',

  consent: {
    title: 'Before you join',
    lead: 'This device will train on your examples, round after round, until you pause or leave.',
    leaves: 'What leaves this device',
    leavesWhat: (bytes: string, count: string) =>
      `About ${bytes} a round: how ${count} numbers of the model changed, how many examples you have, and how well they were recognised. Never the examples.`,
    who: 'Who sees it',
    whoWhat: (server: string) =>
      `The server ${server} sees the changes of each contributor and averages them. Changes can tell something about the examples they come from.`,
    whoAlone: 'In this task a round may have a single contributor. Then the new version shows your changes alone.',
    comes: 'What comes',
    comesWhat: (bytes: string) =>
      `The program, once, and the model, ${bytes} for each version; a few messages a second while this page is open.`,
    often: 'How often',
    oftenWhat:
      'Once for each round you are selected for, while this page is open. A key is stored in this browser, so that the server can count you once.',
    stop: 'How to stop',
    stopWhat:
      'Press Pause or Leave, or close the page. It stops within a second. “Delete my data” takes everything back that can be taken back.',
    asking: 'Asking the server what it would be.',
    agree: 'Agree and join',
    not: 'Not now',
  },

  left: 'You have left. Nothing runs any more.',
  reasons: {
    'server-away': 'The server cannot be reached. Nothing of yours is lost. Try again in a moment.',
    origin: 'This site may not take part in this task.',
    'unknown-task': 'This task does not exist on the server.',
    'trusted-types': 'It cannot run here: the security policy of this site (Trusted Types) does not allow it.',
  },
};

export type EmbedWords = typeof en;
