import { COUNTS_COUNT } from '../../../shared/evaluation/size.ts';
import { isRefused, type Words } from './en.ts';

export const zh: Words = {
  states: {
    idle: () => '未在运行。你的样本只保存在本设备上。',
    'needs-data': () => '还没有可用于训练的样本。添加样本后，下一轮即开始训练。',
    connecting: () => '正在连接服务器。',
    waiting: () => '正在等待下一轮，可以让此标签页保持打开。',
    'not-selected': ({ time }) =>
      time === null ? '本轮名额已满，下一轮会再次询问。' : `本轮名额已满，下一轮大约在 ${time} 后开始。`,
    downloading: ({ version, bytes }) =>
      `正在获取模型${version === null ? '' : `第 ${version} 版`}${bytes === null ? '' : `（${bytes}）`}。`,
    preparing: () => '正在本设备上准备模型。',
    training: ({ count }) =>
      count === null ? '正在本设备上用你的样本训练。' : `正在本设备上用你的 ${count} 个样本训练。`,
    uploading: ({ bytes }) => `正在发送模型的变化${bytes === null ? '' : `（${bytes}）`}，不发送你的样本。`,
    accepted: ({ version }) =>
      version === null ? '你的变化已送达，本轮结束时计入。' : `你的变化已计入第 ${version} 版。谢谢。`,
    late: () => '你的变化送达前本轮已结束，未使用任何内容。',
    surplus: () => '本轮参与者已足够，这次没有用到你的变化。',
    rejected: () => '服务器没有接受你的变化，未使用任何内容。',
    abandoned: ({ reason }) =>
      reason === 'stopped'
        ? '组织者停止了本轮，未使用任何内容。'
        : reason === 'failed'
          ? '服务器未能完成本轮，未使用任何内容。'
          : '本轮参与者不足而结束，未使用任何内容。',
    paused: ({ reason }) =>
      reason === 'day-time'
        ? '已暂停：你每天给此任务的分钟数已用完，明天继续。'
        : reason === 'hidden'
          ? '已暂停：此标签页在后台，回到此页后继续。'
          : '已暂停。继续之前不会训练，也不会发送。',
    'paused-battery': ({ reason }) =>
      reason === 'on-battery' ? '已暂停：设备正在使用电池，充电后继续。' : '已暂停：电量不足，充电后继续。',
    'paused-data': ({ reason }) =>
      reason === 'day-data'
        ? '已暂停：你每天给此任务的流量已用完，明天继续。'
        : reason === 'metered'
          ? '已暂停：当前网络可能按流量计费，换用其他网络后继续。'
          : '已暂停：当前网络处于省流量模式，关闭后继续。',
    'other-tab': () => '此浏览器的另一个标签页已在参与；它关闭后由本页接手。',
    'server-away': ({ time }) => (time === null ? '无法连接服务器，正在重试。' : `无法连接服务器，${time} 后重试。`),
    unsupported: () => '此浏览器无法训练这个模型。你的样本只保存在本设备上。',
    error: ({ reason }) =>
      isRefused(reason) ? '此页面无法参与。你的样本仍在本设备上。' : '训练因故障停止。你的样本仍在本设备上。',
    left: () => '你已退出，不再有任何运行。',
  },

  evaluation: {
    training: () => '正在本设备上，用你那从不参与训练的五分之一样本为模型评分。',
    uploading: () => `正在发送 ${COUNTS_COUNT} 个计数，例如答对了多少，但从不包括是哪些。`,
    accepted: ({ version }) =>
      version === null ? '你的计数已送达，本轮结束时与其他人的相加。' : `你的计数已计入第 ${version} 版的成绩。谢谢。`,
    late: () => '你的计数送达之前本轮已结束，没有被使用。',
    surplus: () => '本轮参与者已足够，这次没有用到你的计数。',
    rejected: () => '服务器没有接受你的计数，未被使用。',
  },

  reasons: {
    'upgrade-required': '此页面比服务器旧。请重新加载后继续。',
    'bad-message': '服务器无法理解此页面的消息。请重新加载后继续。',
    unauthorized: '此任务不公开，邀请缺失或有误。请向组织者索取链接。',
    origin: '此网站不能参与这个任务。',
    'unknown-task': '此任务已不存在。',
    rate: '来自此处的消息过多，稍后继续。',
    busy: '服务器暂时没有余量，正在重试。',
    draining: '服务器正在重启，正在重试。',
    replaced: '此浏览器的新连接已接手。',
    'other-tab': '此浏览器的另一个标签页已在参与。',
    'not-assigned': '服务器不再等待这份结果。',
    'wrong-round': '这份结果所属的轮次已结束。',
    late: '结果传完之前本轮已结束。',
    surplus: '本轮已有足够的结果。',
    stale: '得出这份结果时，模型已更新太多版本。',
    size: '结果的长度不对。',
    count: '结果中的数值或样本个数不对。',
    schema: '服务器不认识这份结果的格式。',
    layout: '这份结果属于另一个模型。请重新加载后继续。',
    hash: '结果在传输中损坏。',
    chunk: '结果的一部分在传输中损坏，正在重发。',
    'not-finite': '训练得到了非数值。较小的学习率可能有帮助；请告知组织者。',
    exploded: '训练中误差增大了上百倍，因此未发送任何内容。较小的学习率可能有帮助；请告知组织者。',
    zero: '训练没有带来任何变化：图形驱动可能已停止。请重新加载页面再试。',
    norm: '变化超过了此任务允许的大小。',
    conflict: '服务器已有本轮的另一份结果。',
    'storage-full': '服务器磁盘已满，无法保存结果。',
    internal: '服务器出错，已记入日志。',
    ineligible: '此任务要求的样本数多于本设备上的样本数，或要求更快的设备。每分钟会再检查两次。',
    'too-few': '按时参与的人太少。',
    'everyone-left': '其他参与者在完成前离开了。',
    guard: '新版本的表现不如之前的版本，因此没有发布。您的设备没有问题。',
    stopped: '组织者停止了本轮。',
    failed: '未能完成。',
    aborted: '训练已停止。',
    'no-examples': '本设备上没有样本。',
    'dataset-damaged': '保存在本设备上的样本已损坏。修复会保留仍可读取的部分。',
    'backend-lost': '图形驱动已停止，恢复后继续训练。',
    storage: '此浏览器没有保存参与所需的密钥。请允许此网站存储，或释放空间。',
    backend: '在测试步骤中，显卡和处理器都没有为此模型算出正确的数值。',
    unavailable: '此浏览器不允许页面保存内容。请允许此网站存储。',
    quota: '本设备没有剩余空间。请释放一些空间；已保存的内容没有受影响。',
    blocked: '此浏览器的另一个标签页正在使用这些样本。请关闭它后再试。',
    newer: '这些样本现在由此页面的新版本保存，没有受影响。请重新加载此页面。',
  },

  outcomes: {
    counted: '已计入',
    accepted: '已送达',
    rejected: '未接受',
    late: '太迟',
    surplus: '未用到',
    abandoned: '本轮提前结束',
    'not-selected': '未入选',
    dropped: '中途离开',
    declined: '你没有留出的样本',
  },

  taskStates: { idle: '没有进行中的轮次', running: '正在学习', paused: '已暂停', stopping: '正在停止' },

  members: {
    waiting: '等待',
    downloading: '获取模型',
    training: '训练',
    uploading: '发送变化',
    done: '完成',
    dropped: '离开',
  },

  ring: {
    you: '你',
    version: (version) => `第 ${version} 版`,
    versionAlone: '版本',
    round: (round) => `第 ${round} 轮`,
    noRound: '没有进行中的轮次',
    contributors: (count) => `${count} 位参与者`,
    gathering: (available, goal) => `已有 ${available} / ${goal} 位参与者`,
    state: '状态',
    contributorsHead: '参与者',
    yours: (state) => `你：${state}`,
    accuracy: (share) => `准确率 ${share}`,
    error: (error) => `平均误差 ${error}`,
  },

  close: '关闭',
  dismiss: '关闭',
  language: '语言',
  theme: { name: '颜色', auto: '跟随系统', light: '浅色', dark: '深色' },
  skip: '跳到正文',
  table: '表格形式',
  noValue: '无数据',
  units: { examples: (count) => `${count} 个样本` },
};
