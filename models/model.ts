// What a preset makes for the data that it meets: a network with its configuration.
import type { Authoring } from "../lib/author/author.ts";
import type { Network } from "../lib/author/denoiser.ts";
import { reshape } from "../lib/author/graph/ops.ts";
import { UserError } from "../lib/errors.ts";
import { type EnergyResnetConfig, energyResnet, energyResnetConfig } from "./energy-resnet.ts";
import { energyMlp, type MlpConfig, type MlpOptions, mlp } from "./mlp.ts";
import { unet } from "./unet.ts";
import { type UnetOptions, unetConfig } from "./unet-config.ts";

export interface ModelData {
  /** [C,H,W] or [D]. */
  readonly shape: readonly number[];
  /** 0 for unlabelled data. */
  readonly classes: number;
  /** Whether the network is told of some samples no class, which is one class more to it. */
  readonly unconditional?: boolean;
  /** Number of noise levels, or of the steps of a diffusion. */
  readonly levels: number;
}

export interface Model extends Pick<Authoring, "network"> {
  /** The folder and config.json of its weights. */
  readonly description: Authoring["model"];
  /** The classes of the data that the network is told; 0 where it is told none. */
  readonly classes: number;
}

/** Makes the model for the data; throws UserError for data that it cannot take. */
export type ModelMaker = (data: ModelData) => Model;

type OwnUnetOptions = Omit<UnetOptions, "sample_size" | "in_channels" | "out_channels" | "num_class_embeds">;

/**
 * diffusers' U-Net for images, told the class where the data have some and it is `conditional`. Where it learns variances, the second
 * half of its channels are those.
 */
export const unetModel =
  (options: OwnUnetOptions, { conditional = true, learnedVariance = false } = {}): ModelMaker =>
  (data) => {
    const [channels, height, width] = imageShape(data);
    const classes = conditional ? data.classes : 0;
    const config = unetConfig({
      ...options,
      sample_size: height === width ? height : [height, width],
      in_channels: channels,
      out_channels: learnedVariance ? 2 * channels : channels,
      num_class_embeds: classes > 0 ? classes + Number(data.unconditional ?? false) : null,
    });
    return {
      description: { folder: "unet", config },
      classes,
      network: {
        score: (p, { x, noise, label }) => unet(config, p, { sample: x, timestep: noise, labels: label }),
      },
    };
  };

/** A perceptron for points, which may learn variances as well. */
export const mlpModel =
  (options: MlpOptions, { learnedVariance = false } = {}): ModelMaker =>
  (data) => {
    const config = { ...mlpConfig(options, data), ...(learnedVariance && { learned_variance: true }) };
    return { description: { folder: "mlp", config }, classes: 0, network: { score: mlp(config) } };
  };

/** A perceptron for data of any shape, whose numbers it takes as one row. */
export const flatMlpModel =
  (options: MlpOptions): ModelMaker =>
  (data) => {
    const flat = [data.shape.reduce((product, size) => product * size, 1)];
    const config = mlpConfig(options, { ...data, shape: flat });
    const network: Network = (p, { x, ...inputs }) =>
      reshape(mlp(config)(p, { ...inputs, x: reshape(x, [x.shape[0]!, ...flat]) }), x.shape);
    return { description: { folder: "mlp", config }, classes: 0, network: { score: network } };
  };

/** A perceptron as an energy of points, whose negative gradient is the score. */
export const energyMlpModel =
  (options: MlpOptions): ModelMaker =>
  (data) => {
    const config = mlpConfig(options, data);
    return { description: { folder: "energy", config }, classes: 0, network: { energy: energyMlp(config) } };
  };

/** A residual network as an energy of images. */
export const energyResnetModel =
  (options: Pick<EnergyResnetConfig, "block_out_channels">): ModelMaker =>
  (data) => {
    const [in_channels, ...sample_size] = imageShape(data);
    const config = energyResnetConfig({ ...options, in_channels, sample_size });
    return {
      description: { folder: "energy", config },
      classes: 0,
      network: { energy: energyResnet(config) },
    };
  };

const mlpConfig = (options: MlpOptions, data: ModelData): MlpConfig => ({
  ...options,
  in_features: pointSize(data),
  noise_conditional: data.levels > 1,
});

function imageShape({ shape }: ModelData): [number, number, number] {
  const [channels, height, width] = shape;
  if (shape.length === 3) return [channels!, height!, width!];
  throw new UserError(`this preset is for images, the data are points [${shape}]; try --preset density`);
}

function pointSize({ shape }: ModelData): number {
  if (shape.length === 1) return shape[0]!;
  throw new UserError(`this preset is for points, the data are images [${shape}]; try --preset digits`);
}
