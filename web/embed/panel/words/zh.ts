import type { PanelWords } from './en.ts';

export const zh: PanelWords = {
  name: '你参与的训练',
  pause: '暂停',
  resume: '继续',
  again: '重试',
  reload: '重新加载页面',
  leave: '退出',
  erase: '删除我的数据',
  samples: '添加示例数据',
  repair: '修复',
  sent: (bytes) => `已发送 ${bytes}`,
  received: (bytes) => `已接收 ${bytes}`,
  counted: (count) => `已计入 ${count} 次`,
  inMemory: '此浏览器在这里不保存任何内容：关闭此页面后，你的样本即消失。',
  offline: '连接中断：训练在本设备上继续，服务器恢复后再发送结果。',
  noSamples: '服务器没有此任务的示例数据。',
  notStored: '无法保存这些样本。你原有的样本没有受影响。',
  samplesUsedUp: '这些示例数据是第二次发放：其他人也有。',
  forget: {
    title: '要删除我的数据吗？',
    lead: '对于这个任务，将会：',
    here: '从此浏览器的本网站中删除：你的全部样本、由它们得出并延续到下一份结果的内容，以及用来计数的密钥；',
    there: '从服务器删除：尚未被任何版本使用的结果，以及各轮记录中表明哪一份属于你的内容。',
    honest:
      '已被某个版本使用的结果无法再取出：它们已与其他人的结果平均到模型中。服务器保留其中每一份的变化大小和样本个数。',
    confirm: '全部删除',
    cancel: '保留',
    busy: '正在删除。',
    done: '已从本设备和服务器删除，只有已被某个版本使用的结果仍在其中。',
    doneHere: '本设备上的全部内容已删除。无法连接服务器：密钥已不存在，它仍保存的内容无法再与此浏览器联系起来。',
    failed: '此浏览器不允许页面删除样本。请关闭它的其他标签页后再试。',
  },

  reasons: {
    'server-away': '无法连接服务器。你的样本仍在本设备上。',
    'bad-answer': '此程序不理解服务器的回答。请重新加载页面。',
    storage: '此浏览器不允许页面保存密钥。请允许此网站存储后重试。',
  },
};
