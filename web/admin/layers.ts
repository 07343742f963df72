import { type ModelTopology, shapeOf } from '../../shared/model/topology.ts';

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
  let output: readonly number[] = topology.input;
  return topology.layers.map((layer, index) => {
    const prefix = shapeOf({ input: topology.input, layers: topology.layers.slice(0, index + 1) });
    // Before the first weights there is no model yet; of such layers only Flatten changes what is known without one.
    if (!('problem' in prefix)) output = prefix.output;
    else if (layer.class_name === 'Flatten') output = [output.reduce((product, side) => product * side, 1)];
    const own =
      'problem' in whole ? [] : whole.layout.entries.filter(({ name }) => name.startsWith(`${layer.config.name}/`));
    return {
      name: layer.config.name,
      kind: layer.class_name,
      output,
      parameters: own.reduce((sum, { size }) => sum + size, 0),
    };
  });
}
