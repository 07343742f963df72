import type { LayerTopology, ModelTopology } from '../../../shared/model/topology.ts';
import type { WeightLayout } from '../../../shared/weights/layout.ts';

/**
 * `model.json` of a TF.js Layers model, as `tf.loadLayersModel` opens it (tfjs `io.ModelJSON`, Keras 2 topology): the
 * weights follow in `weights.bin`, float32 in the order of the layout.
 */
export function layersModel(topology: ModelTopology, layout: WeightLayout, name: string) {
  return {
    format: 'layers-model',
    generatedBy: 'fedtab',
    convertedBy: null,
    modelTopology: {
      class_name: 'Sequential',
      config: {
        name,
        layers: topology.layers.map((layer, index) =>
          layerJson(layer, index === 0 ? { batch_input_shape: [null, ...topology.input], dtype: 'float32' } : {}),
        ),
      },
      keras_version: '2.15.0',
      backend: 'tensorflow',
    },
    weightsManifest: [
      {
        paths: ['weights.bin'],
        weights: layout.entries.map((entry) => ({ name: entry.name, shape: entry.shape, dtype: 'float32' })),
      },
    ],
  };
}

const INITIALIZERS = {
  glorotUniform: { class_name: 'GlorotUniform', config: { seed: null } },
  heNormal: { class_name: 'HeNormal', config: { seed: null } },
  zeros: { class_name: 'Zeros', config: {} },
} as const;

function layerJson({ class_name, config }: LayerTopology, input: Readonly<Record<string, unknown>>) {
  const { name, ...rest } = config;
  const { kernel_initializer: initializer, ...settings } = rest as typeof rest & {
    kernel_initializer?: keyof typeof INITIALIZERS;
  };
  const hasWeights = class_name === 'Dense' || class_name === 'Conv2D';
  const isSpatial = /2D$/.test(class_name);
  return {
    class_name,
    config: {
      ...input,
      name,
      trainable: true,
      ...settings,
      ...(isSpatial ? { data_format: 'channels_last' } : {}),
      ...(class_name === 'BatchNormalization' ? { axis: -1, ...settings, center: true, scale: true } : {}),
      ...(class_name === 'Conv2D' ? { dilation_rate: [1, 1] } : {}),
      ...(hasWeights
        ? {
            use_bias: true,
            kernel_initializer: INITIALIZERS[initializer ?? 'glorotUniform'],
            bias_initializer: INITIALIZERS.zeros,
          }
        : {}),
    },
  };
}
