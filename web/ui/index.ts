/** Small shared components. A page also links `ui.css`; a shadow root takes `tokens.css` and what it uses, `?inline`. */
export { Announcer } from './announcer.tsx';
export { type Bar, Bars } from './bars.tsx';
export { type ChartSeries, LineChart, type LineChartProps } from './chart/line-chart.tsx';
export { Sparkline, type SparklineProps } from './chart/sparkline.tsx';
export { Dialog, type DialogProps } from './dialog.tsx';
export {
  CheckField,
  Field,
  FieldGroup,
  NumberField,
  SelectField,
  TextField,
} from './form/field.tsx';
export { PageHeader } from './header.tsx';
export * from './i18n/index.ts';
export { Icon, type IconName } from './icons.tsx';
export { mount } from './mount.ts';
export type { RingRound, You } from './ring/geometry.ts';
export { RingLegend } from './ring/legend.tsx';
export { Ring, type RingProps } from './ring/ring.tsx';
export { formatError, formatMeasure, type Measure, measured } from './score.ts';
export { type Column, Table, type TableProps } from './table.tsx';
export { shownTheme, startTheme, type Theme } from './theme/theme.ts';
export { showToast, Toasts } from './toast.tsx';
