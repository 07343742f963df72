/** Every limit of the system in one place, each with its reason. Units are in the names. */

const KiB = 1024;
const MiB = 1024 * KiB;

export const LIMITS = {
  /** Largest chunk of a report or of weights in one Socket.IO attachment: keeps pings and acks moving between chunks. */
  chunkBytes: 256 * KiB,
  /** Of a socket whose report has been announced and taken: a chunk, with room to spare. A larger frame is closed by `ws` before it is read. */
  socketMessageBytes: 256 * KiB + 16 * KiB,
  /** … of one that has merely joined: what it has not sent to its end is held, and anybody may join. */
  joinedMessageBytes: 16 * KiB + 64,
  /** A message of a socket that has not been let in: its handshake. What is not whole yet is held, for whoever sent it. */
  handshakeMessageBytes: 8 * KiB,
  /** JSON of one message of a client, attachment apart: a parser holds this much for a message that never ends. */
  controlMessageBytes: 16 * KiB,
  /** Weights up to this size are broadcast in the room; above it each tab takes them by hash over HTTP (DESIGN §5.5). */
  broadcastBytes: 1 * MiB,
  /** A blob up to this size is read once for all who fetch it at the same time; a larger one is streamed to each. */
  sharedBlobBytes: 16 * MiB,
  /** Chunks in flight before an ack must come back: 1 MiB hides the round trip of a usual uplink. */
  uploadWindowChunks: 4,
  /** Chunks read and not yet on disk, of all uploads: beyond it no socket is read. It bounds memory and a turn of the loop. */
  unwrittenBytes: 2 * MiB,
  /** A silent upload is given up and its partial file removed after this long: a chunk takes 42 s over 56 kbit/s with 2 s of delay. */
  uploadIdleMs: 90_000,
  /**
   * Uploads that may be open at once in one process; more are told `busy` and come back. Each holds up to a chunk that has
   * half come: of a thousand that was 170 MB, and the round took no less time for it.
   */
  openUploadsCount: 400,
  /** Whoever has part of an upload that goes on at another process says so within this; else it begins anew. */
  uploadAskMs: 1_000,
  /** … and gives it within this: an announcement is answered within 15 s, or the client tries again. */
  uploadMoveMs: 8_000,
  /** … and no more chunks than these, 64 MiB: they pass through the database, and what is missing is sent again. */
  uploadMoveChunks: 256,
  /** No model of more parameters: 400 MB of float32 is beyond what a tab can train. */
  parametersCount: 100_000_000,
  /** Layers of a model. */
  layersCount: 64,
  /** Sides of a picture, and of a window over it. */
  windowSideCount: 1_024,
  /** Layers of a model that somebody brings, with those that are left out or merged on the way in. */
  importedLayersCount: 256,
  /** A `model.json` that somebody brings: about 1 KiB a layer; no more than the body it is sent in. */
  modelJsonBytes: 1 * MiB,
  /** Files that the weights of such a model are cut into; the converter cuts at 4 MiB. */
  weightFilesCount: 256,
  /** Weights that somebody brings: held in memory while they are checked, and sent up within 30 s. */
  uploadedWeightsBytes: 64 * MiB,
  /** Calls with weights of one address in a minute: each may put as many bytes on the disk for an hour. */
  weightUploadsPerMinute: 20,
  /** What all layers make of one example: a convolution of few parameters can still ask a tab for gigabytes. */
  activationBytes: 64 * MiB,
  /** Largest flat vector the frame header may announce, checked before anything is allocated. */
  frameBytes: 400_000_000 + 4 * KiB,
  /** What a codec left out and a tab keeps is of no use to a model so many versions on (error feedback). */
  residualVersionsCount: 20,
  /** The average of a contributor's changes says little of a model so many versions on (momentum of reports). */
  momentumVersionsCount: 20,
  /** A client's claim of examples in one report; weighting multiplies by it. */
  examplesPerReportCount: 1_000_000,
  /** Reports of a round under a robust rule: the work grows with their number, for Krum with its square. */
  robustReportsCount: 1_000,
  /** Values of all reports together that a robust rule holds at a time: 64 MiB as float32. */
  robustBlockValues: 2 ** 24,
  /** Contributors of an evaluation round below which only the score over all examples is kept: the means or the spread of two tell the figure of each. */
  spreadClientsCount: 5,
  /** Versions that a report may be behind at most: the weights of the last twenty are kept for those who come to fetch them. */
  stalenessVersionsCount: 20,
  /** Local steps in one report. */
  stepsPerReportCount: 10_000_000,
  /** Connections of one process, sockets and requests alike: more are closed unheard. Twice as many as it has been measured with. */
  connectionsCount: 20_000,
  /** Sockets of one address: a school sits behind one. */
  socketsPerAddressCount: 500,
  /** Joins of one address in a second. */
  joinsPerAddressPerSecond: 50,
  /** Joins of one task in a second: a crowd of one leaves the process to the others. Ten thousand come back within half a minute. */
  joinsPerTaskPerSecond: 500,
  /** Messages of one socket in a second, chunks included: 64 MiB/s at full chunks. */
  messagesPerSocketPerSecond: 256,
  /** Progress messages are for the eye; more than this in a second are dropped. */
  progressPerSecond: 4,
  /** HTTP requests of one address in a minute, for each socket that it may have: a page load takes about twenty. */
  requestsPerMinutePerSocket: 24,
  /** JSON body of a call: what is not whole yet is held, for whoever sent it. */
  apiBodyBytes: 8 * KiB,
  /** … of the call with which an admin makes a task: a custom topology, or a `model.json`. */
  taskBodyBytes: 1 * MiB,
  /** A single-use ticket for the dashboard's live events. */
  ticketLifeMs: 30_000,
  /** Wrong admin credentials of one address in a minute; then it waits. */
  failedLoginsPerMinute: 20,
  /** Refused logins in the audit: anybody can be refused. */
  refusedLoginsKeptCount: 1_000,
  /** The one-time admin link printed at start. */
  adminLinkLifeMs: 3_600_000,
  /** Contributors in one live picture of a dashboard; the rest is a number. */
  contributorsShownCount: 200,
  /** A login of the dashboard, whatever happens in it. */
  adminSessionLifeMs: 12 * 3_600_000,
  /** One in which nothing is called and no dashboard is open. */
  adminSessionIdleMs: 2 * 3_600_000,
  /** That one is used is written down no more often than this. */
  adminSessionUseMs: 60_000,
  /** Logins at a time; one more ends the one that was used the longest ago. */
  adminSessionsCount: 20,
  /** A client whose connection ends keeps its assignment this long: a reload comes back in a few seconds. */
  reconnectGraceMs: 10_000,
  /** The same after a restart of the server, when every client must come back. */
  restartGraceMs: 30_000,
  /** Enough clients wait, but more are connected: they get this long to check in, so that the fastest is not always chosen. */
  selectionSettleMs: 250,
  /** Of one network (/24 of IPv4, /48 of IPv6) no more than this share of a cohort, while others wait: it is never the majority. */
  networkShare: 0.5,
  /** Clients that were not chosen come back after this long at the earliest, … */
  retryAfterMs: 1_000,
  /** … spread over at least this long, … */
  retrySpreadMs: 4_000,
  /** … and thinly enough for no more check-ins than these in a second. */
  retriesPerSecond: 50,
  /** However long rounds take: who was not chosen asks again after this long at the latest. */
  retryLatestMs: 60_000,
  /** Rounds that drop-out and report times are measured over, … */
  paceRoundsCount: 20,
  /** … once so many members were seen in them. */
  paceMembersCount: 20,
  /** Who may not take part asks again after this long: examples may have been added. */
  ineligibleRetryMs: 30_000,
  /** Clients of whom a task remembers what their last report said, the latest ones. */
  clientNotesCount: 10_000,
  /** However many drop out, no more than this many times the goal are asked, … */
  paceOverSelection: 3,
  /** … and however fast they were, a report may take so long. */
  paceDeadlineMs: 5_000,
  /** Abandoned rounds in a row after which the task pauses with the reason. */
  abandonedInARowCount: 5,
  /** A version is held to the best of so many before it. */
  guardedVersionsCount: 5,
  /** A version whose score takes longer is published without it. */
  guardWaitMs: 60_000,
  /** … and while the process is about to end it is waited for so long: the next process makes it again. */
  guardDrainMs: 2_000,
  /** Back-off between rounds after an abandoned one, doubled each time up to the maximum. */
  abandonedBackoffMs: 1_000,
  abandonedBackoffMaximumMs: 30_000,
  /** How long a process has a task after its last word; it says one three times in that time. Another takes over within 10 s. */
  leaseMs: 6_000,
  /** How often a process looks for tasks that nobody has. */
  leaseLookMs: 1_000,
  /** What a process took of a round it hands over within this time and that for the bytes, or its reports are fetched one by one. */
  partialSumMs: 10_000,
  partialSumBytesPerMs: 20_000,
  partialSumMaximumMs: 30_000,
  /** Sums that a process makes beforehand for rounds of others, of all tasks together; where there is no room it makes one when it is asked. */
  heldSumsBytes: 256 * MiB,
  /** Lines of the log about refused calls, the others are counted; and of the audit about refused logins. */
  refusalsLoggedPerMinute: 60,
  /** More of one process are fetched one by one: the list of them is one word, some 250 characters for each. */
  partialSumReportsCount: 2_000,
  /** Checkpoints whose weights are kept: the newest, and every so many versions. */
  checkpointsKeptCount: 20,
  checkpointsKeptEvery: 10,
  /** A blob that nothing refers to goes after this long. */
  blobGraceMs: 3_600_000,
  /** SIGTERM: how long a running upload may finish before the process ends. */
  drainMs: 20_000,
  /** A sample request never returns more than this many examples. */
  samplesPerRequestCount: 6_000,
  /** Examples one browser profile may hold for one task. */
  examplesPerDatasetCount: 100_000,
  /** Inputs that the columns of a table may make: each value of a category is one. */
  tableInputsCount: 4_096,
  /** Titles that may be rated: all of them travel with the task, 80 characters each at most. */
  ratedItemsCount: 2_000,
  /** Steps of a scale of ratings: each is a choice in a list. */
  ratingStepsCount: 100,
  /** A file of rows. */
  tableFileBytes: 512 * MiB,
  /** One line of such a file: a file without line ends is no table. */
  tableLineCharacters: 1_000_000,
  /** A text whose every character is an example: as many as one dataset holds take less. */
  textFileBytes: 1 * MiB,
  /** Of one text that is to be sorted: no more is looked at, since the model sees its first words only. */
  textCharacters: 20_000,
  /** One shard of examples in IndexedDB (DESIGN §6: 1 to 4 MB). */
  datasetShardBytes: 1 * MiB,
  /** A WAV file: a minute of the finest there is. */
  soundFileBytes: 32 * MiB,
  /** Another sound file: packed, it may become a hundred times as large, and a few words are not so long. */
  packedSoundFileBytes: 2 * MiB,
  /** Sound that is looked through for one example. */
  soundSeconds: 60,
  /** Samples in a second: of a telephone, … */
  soundRateLeast: 8_000,
  /** … and of a studio. */
  soundRateMost: 192_000,
  /** Rounds an admin may ask for in one call. */
  roundsPerRequestCount: 100_000,
  /** Address of a webhook. */
  webhookUrlCharacters: 1_024,
  /** Events that wait for a webhook; beyond it the oldest make room: a receiver that is gone fills no disk. */
  webhooksWaitingCount: 500,
  /** An event that could not be delivered for a day is given up. */
  webhookKeptMs: 24 * 3_600_000,
  /** The first try after a failure; each further one takes twice the time … */
  webhookRetryMs: 5_000,
  /** … but not more than this. */
  webhookRetryLatestMs: 3_600_000,
  /** From looking its host up to the end of its answer; a receiver that takes longer works after it has answered. */
  webhookAnswerMs: 10_000,
  /** Of a receiver's answer; only its status is used. */
  webhookAnswerBytes: 4 * KiB,
  /** Free text of people: titles and the like. */
  titleCharacters: 80,
  /**
   * A trainer's worker that says nothing for so long, not even that it is there, is stuck in its driver, and ended. One step of a
   * large model in plain JavaScript may take a slow phone a minute or two, in which it says nothing either.
   */
  trainerSilentMs: 180_000,
  /** And no call of it takes longer than this, but those that tell of their steps: the probe may have to fetch code over a slow line. */
  trainerAnswerMs: 900_000,
} as const;
