const examples = (count: string): string => (count === '1' ? '1 example' : `${count} examples`);
const rows = (count: string): string => (count === '1' ? '1 row' : `${count} rows`);

/** What only the contributor's page says. Errors: what happened, what it means for the person's data, what to do. */
export const en = {
  tasks: {
    title: 'Tasks',
    lead: 'Each of these models learns from examples that stay with the people who have them.',
    none: 'There is no task yet. An admin creates one on the dashboard.',
    open: 'Contribute',
    closed: 'by invitation',
    people: (count: string) => (count === '1' ? '1 person here now' : `${count} people here now`),
    right: (share: string) => `${share} right`,
    off: (error: string) => `${error} on average`,
    version: (version: string) => `version ${version}`,
    parameters: (count: string) => `${count} numbers`,
    admin: 'Dashboard',
  },

  load: {
    loading: 'Getting the task.',
    missing: 'There is no such task on this server.',
    unreachable: 'The server cannot be reached. Nothing of yours is lost. Try again in a moment.',
    broken: 'The server gave an answer that this page does not understand. Reload the page to go on.',
    again: 'Try again',
    all: 'All tasks',
  },

  head: {
    people: (count: string) => (count === '1' ? '1 person is taking part now' : `${count} people are taking part now`),
    nobody: 'Nobody is taking part right now',
    version: (version: string) => `version ${version}`,
    right: (share: string) => `${share} right on examples it has never seen`,
    off: (error: string) => `${error} on average on examples it has never seen`,
    closed: 'By invitation only',
  },

  flow: {
    stays: 'Stays on this device',
    staysWhat: {
      image: 'Your pictures, labels and results',
      table: 'Your rows and results',
      text: 'Your texts, labels and results',
      characters: 'Your texts and results',
      audio: 'Your sounds, labels and results',
      ratings: 'Your ratings, your taste and results',
    },
    leaves: 'Leaves this device',
    leavesWhat: (count: string) => `Changes of ${count} numbers`,
    noExamples: 'No examples yet',
    stored: (count: string, bytes: string) => `${examples(count)} · ${bytes}`,
    aRound: (bytes: string) => `${bytes} a round. `,
    seen: 'The server sees your changes and averages them with those of others.',
    alone: 'A round may have you alone: then the server sees the effect of your changes alone.',
    comes: (bytes: string) => `The model comes to you: ${bytes} for each new version.`,
    plainHttp: 'This page came over plain http: whoever is on the same network can read and change what is sent.',
  },

  examples: {
    title: 'Your examples',
    draw: 'Draw here',
    drawHow: 'Draw one, then press what it is.',
    armed: (label: string) => `Everything you draw now is kept as ${label}. Press ${label} again to stop.`,
    keyboard: 'With the keyboard: arrow keys move the pen, Space puts it down or lifts it, Delete clears.',
    labels: 'What it is',
    label: (label: string) => `Label ${label}`,
    clear: 'Clear',
    upload: 'Upload images',
    files: 'Image files',
    sample: 'Add sample data',
    sampleAdding: 'Getting sample data',
    show: 'Show my examples',
    hint: (count: string) => `${examples(count)} of an earlier visit are stored on this device.`,
    none: {
      image: 'Nothing here yet. Draw, upload, or take some sample data: all of it stays on this device.',
      table: 'Nothing here yet. Add rows from a file, or take some sample data: all of it stays on this device.',
      text: 'Nothing here yet. Write, add a file, or take some sample data: all of it stays on this device.',
      characters:
        'Nothing here yet. Paste a text, add a file, or take some sample data: all of it stays on this device.',
      ratings:
        'Nothing here yet. Rate some titles, add a file, or take some sample data: all of it stays on this device.',
      audio: 'Nothing here yet. Speak, upload, or take some sample data: all of it stays on this device.',
    },
    sampleNotes: {
      mnist:
        'The sample digits are from MNIST (LeCun, Cortes and Burges): the handwriting of hundreds of people, published for research.',
      fashion: 'The sample pictures are from Fashion-MNIST, Zalando SE 2017: photos of things on sale.',
      trips: 'The sample rows are invented by a script, the same for everybody: no real trips.',
      wordnet: 'The sample texts are definitions of WordNet 3.1, Princeton University 2011.',
      ratings:
        'The sample ratings are invented by a script, one made-up person for each contributor: no real people. The titles are invented too.',
      movielens:
        'The sample ratings are from MovieLens (GroupLens, University of Minnesota), one real person’s for each contributor, without names: published for research, not to be passed on.',
      keywords: 'The sample words are spoken by a program, espeak-ng, one voice for each contributor: no real people.',
    } as Readonly<Record<string, string>>,
    opening: 'Opening your examples.',
    again: 'Try again',
    more: (count: string) => `Show ${count} more`,
    remove: (label: string) => `Remove this ${label}`,
    list: 'Your examples, newest first',
    counts: 'How many of each',
    total: (count: string, bytes: string) => `${examples(count)} · ${bytes} in this browser`,
    added: (count: string) => `${examples(count)} added. They stay on this device.`,
    emptyDrawing: 'There is nothing drawn yet.',
    noSamples: 'This server has no sample data. Add your own examples.',
    samplesUsedUp: 'These sample examples are handed out for the second time: others have them too.',
    samplesFailed: 'The sample data could not be fetched. Your own examples are unharmed. Try again in a moment.',
    unreadable: (count: string) => `${count} of the files could not be read as images.`,
    tooLarge: (count: string) =>
      `Too large: ${count}. A picture may have 100 million pixels and 64 MB. Make it smaller, then choose it again.`,
    noneReadable: 'None of the files could be read as an image. Try PNG or JPEG.',
    full: 'This browser has no room left for more examples. The ones you have are unharmed. Delete some, or free space on this device.',
    closedStorage:
      'This browser does not let the page store anything. Allow storage for this site, or leave private browsing.',
    tooMany: (limit: string) => `One browser keeps at most ${examples(limit)} for a task.`,
    blocked: 'Another tab of this browser keeps the examples in use. Close it and try again.',
    newer: 'A newer version of this page keeps your examples now. They are unharmed. Reload this page to go on.',
    failed: 'That did not work. Your stored examples are unharmed.',
    damaged: 'Some of the examples stored on this device are damaged.',
    damagedWhat:
      'Training is off until they are repaired. Repair keeps every example that can still be read; nothing has left this device. If it does not help, “Delete my data” below starts afresh.',
    repair: 'Repair',
    repaired: (count: string) => `Repaired: ${examples(count)} kept.`,
  },

  upload: {
    title: 'What do they show?',
    lead: 'Each image is shrunk to what the model sees. The files themselves are not kept.',
    all: 'All of them are',
    each: (name: string) => `What ${name} shows`,
    choose: 'choose',
    add: 'Add',
    cancel: 'Cancel',
    reading: 'Reading the images.',
  },

  camera: {
    open: 'Camera',
    title: 'Camera',
    lead: 'Hold the thing in the middle and press what it is: that takes one picture. Nothing is recorded before the press, and only what the model sees of it is kept, on this device.',
    tryLead:
      'Hold the thing in the middle and take one picture. Nothing is recorded before the press, and nothing is sent.',
    view: 'What the camera sees',
    asking: 'The browser asks whether this page may use the camera.',
    on: 'The camera is on.',
    take: 'Take picture',
    close: 'Close the camera',
    seen: 'What the model sees of the last one',
    unseen: 'No picture taken yet',
    nothing: 'There is nothing to see in that picture. Try more light, or a plain background.',
    failures: {
      denied:
        'The browser does not let this page use the camera. Nothing was taken. Allow it in the browser’s settings for this site, or upload pictures instead.',
      missing: 'There is no camera on this device. Upload pictures instead.',
      busy: 'Another program is using the camera. Close it there and open it here again.',
      insecure: 'Browsers offer the camera only to pages that came over https. Upload pictures instead.',
      failed: 'The camera could not be started. Upload pictures instead, or try again.',
      ended: 'The camera is off: it was unplugged, or taken from this page. What was kept is unharmed.',
    },
  },

  table: {
    upload: 'Add rows from a file',
    file: 'CSV file',
    title: 'Which column is which?',
    lead: (name: string, bytes: string) =>
      `${name}, ${bytes}. The file stays here: only the numbers that the model sees are kept, in this browser.`,
    such: (cells: string) => `Such as ${cells}`,
    target: (name: string) => `${name}: what is to be learned`,
    choose: 'choose',
    notThere: 'not in this file',
    unnamed: (number: number) => `column ${number}`,
    add: 'Add rows',
    cancel: 'Cancel',
    reading: 'Reading the rows',
    fill: 'Fill in the fields to see what the model thinks.',
    missing: 'not known',
    notANumber: 'A number, with a point for the decimals.',
    failures: {
      tooLarge: (limit: string) => `That file is larger than ${limit}. Nothing was added. Use a part of it.`,
      tooMany: (limit: string) =>
        `That file has more than ${limit} rows, as many as one browser keeps. Nothing was added. Use a part of it.`,
      'no-table':
        'That file is no table: it needs a line with the names of the columns, and rows under it, with commas, semicolons or tabs between the cells. Nothing was added.',
      'no-rows': 'No row of that file could be used. Nothing was added. Look at which column is which.',
      unreadable: 'That file could not be read. Nothing was added. Choose it again.',
    },
    report: {
      notANumber: (count: string) => `${rows(count)} left out: a cell is no number.`,
      noTarget: (count: string) => `${rows(count)} left out: what is to be learned is missing.`,
      unknownLabel: (count: string) => `${rows(count)} left out: the task has no such label.`,
      noWords: (count: string) => `${rows(count)} left out: there is no word in the text.`,
      unknownTitle: (count: string) => `${rows(count)} left out: the task has no such title.`,
      offScale: (count: string) => `${rows(count)} left out: the rating is not on the scale.`,
      missing: (count: string) => `Cells that were empty or not known to the task, and count as missing: ${count}.`,
    },
  },

  text: {
    write: 'Write here',
    writeHow: (words: string) =>
      `Write or paste a text, then press what it is. The model sees its first ${words} words. Kept, in this browser, are their numbers and not the words; this page shows the words until it is closed.`,
    noWords: 'There is no word in that text.',
    numbers: (numbers: string) => `Words, kept as ${numbers} …`,
    upload: 'Add texts from a file',
    file: 'Text or CSV file',
    title: 'What are these texts?',
    linesLead: (name: string, bytes: string) =>
      `${name}, ${bytes}: one text a line. The file stays here: only the numbers of the words are kept, in this browser.`,
    lines: 'All of them are',
    addLines: 'Add texts',
    failures: {
      'no-table': 'That file is no text with lines. Nothing was added.',
      'no-rows': 'There is no word in that file. Nothing was added.',
    } as Readonly<Record<string, string>>,
    tryWrite: 'Text for trying the model',
    ask: 'Write to see what the model thinks.',
  },

  characters: {
    write: 'Paste a text',
    writeHow:
      'Each of its characters becomes an example, with the ones before it. It is kept in lower case, in this browser.',
    add: 'Add this text',
    upload: 'Add a text file',
    file: 'Text file',
    failures: {
      tooMany: (limit: string) =>
        `That text has more than ${limit} characters, as many as one browser keeps. Nothing was added. Use a part of it.`,
      'no-table': 'That is no text. Nothing was added.',
      'no-rows': 'That text has no two characters that the task knows. Nothing was added.',
    },
    tryWrite: 'Text to go on with',
    ask: 'Write to see which character the model expects next.',
    next: (character: string) => `Most likely next: ${character}`,
  },

  ratings: {
    find: 'Find a title',
    list: 'Titles to rate',
    ratingOf: (title: string) => `Your rating of ${title}`,
    unrated: 'Not rated',
    scale: (least: string, most: string) =>
      `From ${least}, the least, to ${most}. A title that is rated again keeps the newest rating.`,
    shown: (some: string, all: string) => `${some} of ${all} titles. Type some letters to find others.`,
    none: 'There is no such title in this task.',
    upload: 'Add ratings from a file',
    tryTitle: 'You might like',
    tryHow:
      'What you would think of the titles that you have not rated, by your taste: a few numbers that this device works out from your ratings. Neither your ratings nor your taste is sent.',
    tryNone: 'Without ratings of yours this is what everybody likes. Rate a few titles in step 1.',
    tryAll: 'You have rated every title of this task.',
    about: (rating: string) => `about ${rating}`,
  },

  microphone: {
    open: 'Microphone',
    title: 'Microphone',
    lead: 'Press a word and say it: each press listens once. Nothing is recorded before the press, and the sound itself is never kept: only the picture that the model sees of it, on this device.',
    tryLead:
      'Press “Listen” and say one of the words. Nothing is recorded before the press, nothing is kept and nothing is sent.',
    view: 'What the microphone hears',
    asking: 'The browser asks whether this page may use the microphone.',
    on: 'The microphone is on.',
    say: (label: string) => `Listening. Say ${label} now.`,
    sayAny: 'Listening. Say a word now.',
    listen: 'Listen',
    close: 'Close the microphone',
    seen: 'What the model sees of the last one',
    unseen: 'Nothing heard yet',
    nothing: 'There was nothing to hear, and nothing was kept. Speak louder, or closer to the microphone.',
    failures: {
      denied:
        'The browser does not let this page use the microphone. Nothing was recorded. Allow it in the browser’s settings for this site, or upload sound files instead.',
      missing: 'There is no microphone on this device. Upload sound files instead.',
      busy: 'Another program is using the microphone. Close it there and open it here again.',
      insecure: 'Browsers offer the microphone only to pages that came over https. Upload sound files instead.',
      failed: 'The microphone could not be started. Upload sound files instead, or try again.',
      ended: 'The microphone is off: it was unplugged, or taken from this page. What was kept is unharmed.',
    },
  },

  sound: {
    upload: 'Upload sounds',
    soundFiles: 'Sound files',
    oneFile: 'Sound file to try',
    reading: 'Reading the sounds',
    title: 'What do they say?',
    lead: 'Of each file the part with most to hear becomes a picture that the model sees. The sounds themselves are not kept.',
    each: (name: string) => `What ${name} says`,
    ask: 'Say a word, or upload one, to see what the model thinks.',
    files: (count: string) => `${count} files`,
    failures: {
      'not-sound': (name: string) =>
        `${name}: no sound that this browser can read. Nothing of it was added. Try WAV, MP3 or Ogg.`,
      'too-large': (name: string) => `${name}: too large. Nothing of it was added. Cut out the word and choose that.`,
      'too-long': (name: string) =>
        `${name}: longer than a minute. Nothing of it was added. Cut out the word and choose that.`,
      'too-short': (name: string) =>
        `${name}: too short to hear a word. Nothing of it was added. Record a little more around it.`,
      silent: (name: string) =>
        `${name}: there is nothing to hear in it. Nothing of it was added. Record it again, louder or closer.`,
    },
  },

  train: {
    title: 'Train',
    join: 'Join training',
    pause: 'Pause',
    resume: 'Resume',
    again: 'Try again',
    leave: 'Leave',
    reload: 'Reload the page',
    round: 'Round',
    step: 'Step',
    of: (step: string, steps: string) => `${step} of ${steps}`,
    loss: 'Your loss',
    backend: 'Runs on',
    sent: 'Sent',
    received: 'Received',
    time: 'Training',
    aRound: (time: string) => `${time} a round`,
    progress: 'Progress of this round',
    lossTitle: 'Your loss in this round',
    lossEmpty: 'Drawn while you train',
    reading: 'reading',
    accuracyTitle: 'Accuracy of the shared model',
    errorTitle: 'Mean error of the shared model',
    scoreEmpty: 'Drawn with the next versions',
    version: 'version',
    share: 'accuracy',
    error: 'mean error',
    paused: 'The organiser has paused this task. Nothing is asked of you until it goes on.',
    noRounds: 'No rounds are running. You can join and wait: the next one asks you.',
    roundLeft: (time: string) => `${time} left`,
    ownAccuracy: 'On your examples',
    ownLoss: 'Loss on your examples',
    beforeAfter: (before: string, after: string) => `${before} → ${after}`,
    offline: 'Connection lost: training goes on here, and the result is sent when the server is back.',
    instead: (asked: string, used: string) => `${asked} was asked for, ${used} is used.`,
    lost: (count: string) =>
      count === '1'
        ? 'The graphics driver stopped once. Nothing from after that was sent.'
        : `The graphics driver stopped ${count} times. Nothing from after that was sent.`,
    backends: {
      webgl: 'WebGL',
      webgpu: 'WebGPU',
      wasm: 'WebAssembly',
      cpu: 'plain CPU',
      auto: 'The best',
      other: 'other',
    },
  },

  backends: {
    title: 'What trains on this device',
    untested: 'Each is tested with one step of this model, the first time it is needed.',
    tested: 'A test step of this model showed:',
    auto: 'Fastest',
    autoWhat: 'of those that compute rightly',
    used: 'in use',
    aStep: (ms: string) => `${ms} ms a step`,
    over: (ms: string) => `over ${ms} ms a step`,
    faults: {
      absent: 'not available here',
      'no-worker': 'not for training in this browser',
      forbidden: 'not allowed on this page',
      'half-precision': 'too coarse: 16 bits only',
      incapable: 'cannot train this model',
      wrong: 'computes wrongly here',
      lost: 'stopped working',
    },
  },

  when: {
    title: 'When it may train',
    today: (time: string, bytes: string) => `Today: ${time} of training, ${bytes} of data.`,
    battery: 'On the battery',
    batteryOptions: {
      always: 'Train until it is empty',
      above: (share: string) => `Train above ${share}`,
      never: 'Train only while charging',
    },
    share: 'How hard it works',
    shareHelp: 'It rests in between, so that this device stays quick. On the battery it works half as much.',
    shareOptions: { all: 'All the time', part: (share: string) => `${share} of the time` },
    asked: (choice: string) => `${choice} (usual)`,
    metered: 'Also when the browser saves data or the network is mobile',
    hidden: 'Also while this tab is in the background',
    minutes: 'Training a day',
    minutesUnit: 'min',
    megabytes: 'Data a day',
    megabytesUnit: 'MB',
    noLimit: 'no limit',
    cap: 'A round that is under way is finished.',
    lead: 'For this task, on this device. “Resume” goes on all the same, until something changes.',
    unknown: 'This browser does not tell of battery or network: there the choice has no effect.',
  },

  consent: {
    title: 'Before you join',
    lead: 'This device will train on your examples, round after round, until you pause or leave.',
    leaves: 'What leaves this device',
    leavesWhat: (bytes: string, count: string) =>
      `About ${bytes} a round: how ${count} numbers of the model changed, how many examples you have, and how well the model does on them. Never the examples.`,
    leavesCounts: (count: string) =>
      `A fifth of your examples is never trained on. Some rounds score the model on that fifth instead: then ${count} counts leave, such as how many answers were right, never which ones. The server sees them and adds them to those of others.`,
    who: 'Who sees it',
    whoWhat:
      'The server sees the changes of each contributor and averages them. Changes can tell something about the examples they come from.',
    whoAloneCounts: 'The figures of such a round are yours alone, too.',
    whoAlone: 'In this task a round may have a single contributor. Then the new version shows your changes alone.',
    whoRatings:
      'In this task nothing changes at a title that you did not rate, and what changes follows your taste: whoever looks at your changes alone can tell which titles you rated in that round, and can work out your taste and those ratings from them.',
    comes: 'What comes',
    comesWhat: (bytes: string) =>
      `The model, ${bytes} for each version, and a few messages a second while this page is open.`,
    often: 'How often',
    oftenWhat:
      'Once for each round you are selected for, while this page is open. A key is stored in this browser, so that the server can count you once.',
    stop: 'How to stop',
    stopWhat:
      'Press Pause or Leave, or close the tab. It stops within a second. “Delete my data” takes everything back that can be taken back.',
    agree: 'Agree and join',
    not: 'Not now',
  },

  tryIt: {
    title: 'Try it',
    open: 'Try it',
    what: (bytes: string) => `Loads the model (${bytes}) and runs it here. What you try is not sent.`,
    loading: 'Getting the model.',
    starting: 'Preparing the model on this device.',
    draw: 'Draw to see what the model thinks.',
    pad: 'Pad for trying the model',
    clear: 'Clear the pad',
    looksLike: (label: string) => `This looks like ${label}.`,
    maybe: (label: string) => `This might be ${label}.`,
    soundsLike: (label: string) => `This sounds like “${label}”.`,
    soundsMaybe: (label: string) => `This might be “${label}”.`,
    about: (name: string, value: string) => `${name}: about ${value}`,
    aboutBefore: (value: string) => `The version from before you joined says ${value}.`,
    scores: 'How sure the model is of each',
    before: 'Before you joined',
    now: 'Now',
    sharedSaid: (label: string, share: string) => `The shared model says ${label} (${share}).`,
    aboutShared: (value: string) => `The shared model says ${value}.`,
    beforeSaid: (label: string, share: string) => `The version from before you joined says ${label} (${share}).`,
    ofVersion: (share: string, version: string) => `${share} · version ${version}`,
    failed: 'The model could not be loaded. Nothing was sent. Try again in a moment.',
    unsupported: 'This browser cannot run the model.',
    again: 'Try again',
  },

  fit: {
    title: 'A model of your own',
    what: 'Trains the shared model a little further on your examples, here on this device. What comes of it stays in this browser and is never sent.',
    open: 'Fit to my examples',
    again: 'Fit again',
    stop: 'Stop',
    preparing: 'Preparing.',
    running: (step: string, steps: string) => `Step ${step} of ${steps}`,
    busy: 'Pause or leave training first: one thing trains at a time.',
    noExamples: 'Add examples first.',
    before: 'Shared model',
    after: 'Fitted to you',
    about: (heldOut: string, fitted: string) =>
      `On ${heldOut} of your examples that were set aside; fitted to ${fitted} others.`,
    roundsUse: 'Rounds that you took part in did use all of them.',
    roundsSpare: 'Rounds do not train on them either.',
    worse: 'On those the shared model is better.',
    tooFew: (heldOut: string, fitted: string) =>
      `Fitted to ${examples(fitted)}. No figure of how good it is: ${heldOut} set aside are too few to tell. Add more and fit again.`,
    behind: (version: string, now: string) =>
      `Fitted to version ${version}. The shared model is at version ${now} now: fit again to follow it.`,
    notKept: 'This browser does not keep it: it goes when this page is closed.',
    answers: 'Which one answers',
    forget: 'Delete this fit',
    problems: {
      damaged: 'The fit that was kept here was damaged, and is deleted. Your examples are unharmed. Fit again.',
      'other-model': 'The fit that was kept here was of another model of this name, and is deleted. Fit again.',
      unreadable: 'The fit that was kept here cannot be read now. Close other tabs of this page and reload it.',
      'no-examples': 'There are no examples to fit to. Add some, and fit again.',
      'dataset-damaged': 'Some of your stored examples are damaged. Nothing was fitted. Repair them under step 1.',
      unreachable:
        'The shared model could not be loaded. Nothing was fitted and nothing was sent. Try again in a moment.',
      exploded: 'The numbers ran away while fitting, and the result was thrown away. The shared model is as it was.',
      failed: 'Fitting did not work here, and nothing of it was kept. The shared model is as it was. Try again.',
    },
  },

  receipts: {
    title: 'Receipts',
    lead: 'One line for each round you were asked for since this page was opened.',
    none: 'Nothing has been sent.',
    round: 'Round',
    sent: 'Sent',
    cohort: 'Together with',
    others: (count: string) => (count === '1' ? '1 other' : `${count} others`),
    alone: 'nobody else',
    outcome: 'Outcome',
    made: (version: string) => `counted in version ${version}`,
    scored: (version: string) => `counts added to the figures of version ${version}`,
    scoring: (outcome: string) => `scoring, no training: ${outcome}`,
    because: (outcome: string, reason: string) => `${outcome}: ${reason}`,
  },

  erase: {
    open: 'Delete my data',
    title: 'Delete my data?',
    lead: 'This removes, for this task:',
    here: 'from this browser: all your examples, what was fitted to them, what of them goes on from one result to the next, the key that counts you, and what this page remembers;',
    there:
      'from the server: every result of yours that no version has used yet, and, in its records of rounds, all that says which part was yours.',
    honest:
      'Results that a version has used cannot be taken out again: they are averaged into the model with those of others. Of each of them the server keeps how large the change was and how many examples it came from.',
    confirm: 'Delete everything',
    cancel: 'Keep it',
    done: 'Deleted, here and on the server. Only what a version has used stays in it.',
    doneHere:
      'Everything is deleted on this device. The server could not be reached: what it still holds cannot be linked to this browser any more, because the key is gone.',
    failed: 'This browser did not let the page delete the examples. Close its other tabs and try again.',
  },
};

export type ContributeWords = typeof en;
