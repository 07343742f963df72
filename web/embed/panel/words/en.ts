/** What the panel of a running task says besides the shared words. */
export const en = {
  name: 'Your part in training',
  pause: 'Pause',
  resume: 'Resume',
  again: 'Try again',
  reload: 'Reload the page',
  leave: 'Leave',
  erase: 'Delete my data',
  samples: 'Add sample data',
  repair: 'Repair',
  sent: (bytes: string) => `${bytes} sent`,
  received: (bytes: string) => `${bytes} received`,
  counted: (count: string) => (count === '1' ? 'counted once' : `counted ${count} times`),
  inMemory: 'This browser keeps nothing here: your examples go when this page is closed.',
  offline: 'Connection lost: training goes on here, and the result is sent when the server is back.',
  noSamples: 'The server has no sample data for this task.',
  notStored: 'The examples could not be stored. Those you had are unharmed.',
  samplesUsedUp: 'These sample examples are handed out for the second time: others have them too.',
  forget: {
    title: 'Delete my data?',
    lead: 'This removes, for this task:',
    here: 'from this browser, on this site: all your examples, what of them goes on from one result to the next, and the key that counts you;',
    there:
      'from the server: every result of yours that no version has used yet, and, in its records of rounds, all that says which part was yours.',
    honest:
      'Results that a version has used cannot be taken out again: they are averaged into the model with those of others. Of each of them the server keeps how large the change was and how many examples it came from.',
    confirm: 'Delete everything',
    cancel: 'Keep it',
    busy: 'Deleting.',
    done: 'Deleted, here and on the server. Only what a version has used stays in it.',
    doneHere:
      'Everything is deleted on this device. The server could not be reached: what it still holds cannot be linked to this browser any more, because the key is gone.',
    failed: 'This browser did not let the page delete the examples. Close its other tabs and try again.',
  },

  reasons: {
    'server-away': 'The server cannot be reached. Your examples are still on this device.',
    'bad-answer': 'The server gave an answer that this program does not understand. Reload the page to go on.',
    storage: 'This browser did not let the page store its key. Allow storage for this site and try again.',
  },
};

export type PanelWords = typeof en;
