import type { EmbedWords } from './en.ts';

export const zh: EmbedWords = {
  invite: '帮助此网站学习：1 分钟，数据留在本地',
  join: '参与',
  joinName: '参与训练',
  what: '这是什么？',
  about: (server) => [
    `${server} 上的一个模型从许多人的样本中学习。你的样本留在此浏览器中：模型在这里用它们训练，只把模型的变化发送回去。`,
    '在你同意之前，什么都不会运行。你可以随时暂停或退出，一秒内即停止。',
    '此功能由你所在的网站提供，它能读取自己保存在此浏览器中的内容，包括你的样本。',
  ],
  erase: '删除我的数据',
  eraseAway: '无法连接服务器。只删除此浏览器中的样本和密钥。',
  erased: '只从此浏览器删除了。',
  notErased: '未删除。',
  loading: '正在准备。',
  leave: '退出',

  consent: {
    title: '参与之前',
    lead: '本设备将一轮一轮地用你的样本训练，直到你暂停或退出。',
    leaves: '什么会离开本设备',
    leavesWhat: (bytes, count) =>
      `每轮约 ${bytes}：模型 ${count} 个数值的变化、你的样本个数，以及识别得如何。绝不包括样本本身。`,
    who: '谁能看到',
    whoWhat: (server) => `服务器 ${server} 能看到每位参与者的变化，并取平均。变化可能透露关于其来源样本的一些信息。`,
    whoAlone: '此任务的一轮可能只有一位参与者。那时新版本所显示的就是你一人的变化。',
    comes: '什么会到来',
    comesWhat: (bytes) => `程序一次，模型每个版本 ${bytes}；页面打开期间每秒还有少量消息。`,
    often: '多久一次',
    oftenWhat: '页面打开期间，每入选一轮一次。此浏览器会保存一个密钥，使服务器只把你计为一人。',
    stop: '如何停止',
    stopWhat: '按“暂停”或“退出”，或关闭页面，一秒内即停止。“删除我的数据”会收回所有能够收回的内容。',
    asking: '正在询问服务器具体内容。',
    agree: '同意并参与',
    not: '暂不参与',
  },

  left: '你已退出，不再有任何运行。',
  reasons: {
    'server-away': '无法连接服务器。你的内容没有丢失，请稍后再试。',
    origin: '此网站不能参与这个任务。',
    'unknown-task': '服务器上没有这个任务。',
    'trusted-types': '无法在此运行：本网站的安全策略（Trusted Types）不允许。',
  },
};
