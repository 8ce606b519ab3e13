// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../errors';
import { createSession, Engine, loadEngine, Session, type GpuName } from '../index';
import { describeType, valueError } from '../option-checks';
import { fileReadError } from '../runtime/file-errors';
import { manifestPathOf } from '../runtime/manifest-path';
import { readHead } from '../runtime/read-head';
import { describeFileKind, FILE_KIND_BYTES } from '../text/file-kind';
import { batchRanges } from './batch-limits';
import { decodeWithSharp } from './decode/decode-image';
import { DeviceDecoder } from './decode/device-decoder';
import { loadSharp } from './decode/sharp-module';
import { Pipeline, type PipelineParts } from './pipeline';
import { checkPipelineOptions, type CheckedPipelineOptions, type PipelineOptions } from './pipeline-options';
import { audioSettings, sampleRateOf } from './spec/check-inputs';
import { fitSpec, fixedSize, type FittedSpec } from './spec/fit-model';
import type { PipelineSpec, PipelineTask } from './spec/pipeline-spec';
import { readPipelineSpec, readSpecBeside, specPathOf } from './spec/read-spec';
import type { ModelSize } from './stages/box-numbers';
import { BoxesScoresOutput } from './stages/boxes-scores-output';
import { ClassificationOutput } from './stages/classification-output';
import { DetectionOutput } from './stages/detection-output';
import { EmbeddingOutput } from './stages/embedding-output';
import { EndToEndOutput } from './stages/end-to-end-output';
import { ImageInput } from './stages/image-input';
import { SoundInput } from './stages/sound-input';
import { InstancesOutput } from './stages/instances-output';
import { KeypointsOutput } from './stages/keypoints-output';
import { OtherInputs } from './stages/other-inputs';
import { SegmentationOutput } from './stages/segmentation-output';
import { TensorsOutput } from './stages/tensors-output';

/** What a pipeline is made over. */
export type PipelineSource = string | Uint8Array | Engine | Session;

/**
 * Makes a pipeline: a session with the stages that its spec says, held against the model before anything runs.
 *
 * @param source - As for `createSession()`, or an open session: that one is not closed with the pipeline.
 * @throws {TensorRTError} `ERR_TRT_ARG_*` for options and for a spec that is wrong or does not fit the model,
 *   `ERR_TRT_LOAD_FILE`, `ERR_TRT_LOAD_MANIFEST_INVALID`, and what `createSession()` throws.
 * @example
 * ```ts
 * await using pipeline = await createPipeline('photo.onnx', { spec: 'photo.pipeline.json' });
 * const [best] = await pipeline.run([await readFile('cat.jpg')]);
 * ```
 */
export async function createPipeline<T extends PipelineTask = PipelineTask>(
  source: PipelineSource,
  options: PipelineOptions<T> = {},
): Promise<Pipeline<T>> {
  const checked = checkPipelineOptions(options as unknown as PipelineOptions);
  if (source instanceof Session) {
    refuseSessionOptions(checked);
    return assemble<T>(source, {
      spec: await specFor(source, undefined, checked),
      checked,
      ownsSession: false,
    });
  }
  const engine = checked.spec === undefined ? await engineOf(source) : undefined;
  const spec = await specFor(source, engine, checked);
  const session = await createSession(engine ?? source, checked.session);
  try {
    return assemble<T>(session, { spec, checked, ownsSession: true });
  } catch (error) {
    await session.close();
    throw error;
  }
}

function refuseSessionOptions({ session }: CheckedPipelineOptions): void {
  const [name] = Object.keys(session);
  if (name === undefined) return;
  throw valueError(
    name === 'device' ? name : `session.${name}`,
    session[name as 'device'],
    'left out for an open session',
  );
}

/** A built engine, whose manifest may have the spec; undefined for models. */
async function engineOf(source: string | Uint8Array | Engine): Promise<Engine | undefined> {
  if (source instanceof Engine) return source;
  if (typeof source !== 'string' && !(source instanceof Uint8Array))
    throw new TensorRTError(
      'ERR_TRT_ARG_TYPE',
      `createPipeline() takes a path, bytes, an Engine or a Session, not ${describeType(source)}.`,
    );
  if (typeof source !== 'string') return undefined;
  const { head } = await readHead(source, FILE_KIND_BYTES).catch((error: unknown) => {
    throw fileReadError('model', source, error);
  });
  return describeFileKind(head).kind === 'tensorrt-plan' ? loadEngine(source) : undefined;
}

async function specFor(
  source: PipelineSource,
  engine: Engine | undefined,
  { spec, task }: CheckedPipelineOptions,
): Promise<PipelineSpec> {
  const found = spec === undefined ? await ownSpec(source, engine) : await readPipelineSpec(spec);
  if (found === undefined) throw missingSpec(source);
  if (task === undefined || found.task === task) return found;
  throw valueError('task', task, `'${found.task}', as the spec says`);
}

/** The spec that a model brings along. */
async function ownSpec(
  source: PipelineSource,
  engine: Engine | undefined,
): Promise<PipelineSpec | undefined> {
  const inManifest = engine?.manifest?.pipeline;
  if (inManifest !== undefined) return manifestSpec(inManifest, engine!);
  const path = typeof source === 'string' ? source : engine?.path;
  return typeof path === 'string' ? readSpecBeside(path) : undefined;
}

async function manifestSpec(spec: unknown, { path }: Engine): Promise<PipelineSpec> {
  try {
    return await readPipelineSpec(spec as PipelineSpec);
  } catch (cause) {
    const name = path === null ? "the engine's manifest" : manifestPathOf(path);
    throw new TensorRTError(
      'ERR_TRT_LOAD_MANIFEST_INVALID',
      `${name}: field "pipeline": ${(cause as Error).message}`,
      {
        details: {
          source: name,
          field: 'pipeline',
          ...(cause instanceof TensorRTError ? cause.details : {}),
        },
        cause,
      },
    );
  }
}

function missingSpec(source: PipelineSource): TensorRTError {
  const looked = typeof source === 'string' ? ` Looked in ${specPathOf(source)}.` : '';
  return new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `createPipeline() needs a spec, and the model has none.${looked}`,
    {
      hint: 'Pass `spec`, put <model>.pipeline.json beside the model, or build the engine with `pipeline`.',
      details: { option: 'spec' },
    },
  );
}

interface Assembly {
  readonly spec: PipelineSpec;
  readonly checked: CheckedPipelineOptions;
  readonly ownsSession: boolean;
}

function assemble<T extends PipelineTask>(session: Session, assembly: Assembly): Pipeline<T> {
  const { spec, checked, ownsSession } = assembly;
  const fitted = fitSpec(spec, session);
  const { threads, maxBatch } = checked;
  const { input, batch } = fitted;
  const profiles = profilesOf(session, checked);
  return new Pipeline<T>({
    session,
    ownsSession,
    spec,
    input: input.name,
    ranges: batchRanges({ input, batch, dims: inputDims(fitted), profiles, maxBatch }),
    threads,
    others: new OtherInputs(fitted.others, fitted.image?.size as ModelSize | undefined),
    before: inputStage(fitted, session, checked),
    after: outputStage(fitted),
  } as unknown as PipelineParts<T>);
}

/** The one that all calls use, where the caller has chosen it. */
function profilesOf({ profiles }: Session, { session }: CheckedPipelineOptions): Session['profiles'] {
  const only = session.profile;
  return typeof only === 'number' && profiles?.[only] !== undefined ? [profiles[only]] : profiles;
}

/** Dims behind the batch. */
function inputDims({ image, input }: FittedSpec): readonly number[] | undefined {
  if (image !== undefined) {
    const { width, height } = image.size as { width: number; height: number };
    const channels = image.channels === 'gray' ? 1 : 3;
    return image.layout === 'nhwc' ? [height, width, channels] : [channels, height, width];
  }
  const sizes = input.dims.slice(1).map((_, axis) => fixedSize(input, axis + 1));
  return sizes.every((size) => size !== undefined) ? sizes : undefined;
}

function inputStage(fitted: FittedSpec, session: Session, checked: CheckedPipelineOptions): unknown {
  const { maxPixels } = checked;
  const { spec, image, input } = fitted;
  const { pre } = spec;
  if (pre.kind === 'audio')
    return new SoundInput({ settings: audioSettings(pre), sampleRate: sampleRateOf(pre), input });
  const settings = { maxPixels, autoOrient: pre.autoOrient ?? true };
  let sharp: ReturnType<typeof loadSharp> | undefined;
  return new ImageInput({
    settings: image!,
    maxPixels,
    device: session.device,
    // Opened at the first file: pixels need none.
    decode: async (encoded) => decodeWithSharp((sharp ??= loadSharp()), encoded, settings),
    deviceDecoder: deviceDecoder(session, { ...settings, decode: checked.decode ?? 'auto' }),
  });
}

function deviceDecoder(
  { device }: Session,
  { decode, autoOrient, maxPixels }: { decode: string; autoOrient: boolean; maxPixels: number },
): DeviceDecoder | undefined {
  if (device !== 'cpu' && decode !== 'sharp')
    return new DeviceDecoder({
      device: device as GpuName,
      isRequired: decode === 'nvjpeg',
      autoOrient,
      maxPixels,
    });
  if (decode !== 'nvjpeg') return undefined;
  throw new TensorRTError(
    'ERR_TRT_RUN_UNSUPPORTED',
    'nvJPEG decodes on a GPU, but the pipeline runs on the CPU.',
    {
      hint: "Leave `decode` at 'auto', or run on a GPU.",
      details: { option: 'decode', device },
    },
  );
}

function outputStage({ spec: { post }, outputs, image }: FittedSpec): unknown {
  const [info] = outputs;
  // Of tasks that only images have.
  const size = image?.size as ModelSize;
  switch (post.kind) {
    case 'classification':
      return new ClassificationOutput(post, info!);
    case 'detection':
      return new DetectionOutput(post, info!);
    case 'boxes-scores':
      return new BoxesScoresOutput(post, outputs, size);
    case 'end-to-end':
      return new EndToEndOutput(post, outputs, size);
    case 'keypoints':
      return new KeypointsOutput(post, info!);
    case 'segmentation':
      return new SegmentationOutput(post, info!, size);
    case 'instance-segmentation':
      return new InstancesOutput(post, outputs, size);
    case 'embedding':
      return new EmbeddingOutput(post, info!);
    case 'tensors':
      return new TensorsOutput(outputs);
  }
}
