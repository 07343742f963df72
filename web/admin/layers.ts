import { type ModelTopology, outputsOf, shapeOf } from '../../shared/model/topology.ts';

export interface LayerRow {
  readonly name: string;
  readonly kind: string;
  /** Without the batch dimension. */
  readonly output: readonly number[];
  readonly parameters: number;
}

/** The layers of a model that builds, as rows. */
export function layerRows(topology: ModelTopology): LayerRow[] {
  const whole = shapeOf(topology);
  const outputs = outputsOf(topology);
  return topology.layers.map((layer, index) => {
    const own =
      'problem' in whole ? [] : whole.layout.entries.filter(({ name }) => name.startsWith(`${layer.config.name}/`));
    return {
      name: layer.config.name,
      kind: layer.class_name,
      output: outputs[index] ?? [],
      parameters: own.reduce((sum, { size }) => sum + size, 0),
    };
  });
}
