import type { PanelWords } from './en.ts';

export const zh: PanelWords = {
  name: '你参与的训练',
  pause: '暂停',
  resume: '继续',
  again: '重试',
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
  reasons: {
    'server-away': '无法连接服务器。你的样本仍在本设备上。',
    'bad-answer': '此程序不理解服务器的回答。请重新加载页面。',
    storage: '此浏览器不允许页面保存密钥。请允许此网站存储后重试。',
  },
};
