// SPDX-License-Identifier: Apache-2.0
// Models that @huggingface/transformers loads from a folder: a tokenizer of a few words and a network of a few weights.
import { makeModel, type NodeSpec, type TensorSpec } from '../onnx-builder';
import { writeProjectFile } from './installed-package';

const WORDS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'the', 'film', 'was', 'good', 'bad', 'very'];
const WIDTH = 8;

/** Writes `models/features` and `models/sentiment` into a project. */
export function writeModels(folder: string): void {
  writeModel(folder, 'features', featureModel(), { architectures: ['BertModel'] });
  writeModel(folder, 'sentiment', classifierModel(), {
    architectures: ['BertForSequenceClassification'],
    id2label: { 0: 'NEGATIVE', 1: 'POSITIVE' },
    label2id: { NEGATIVE: 0, POSITIVE: 1 },
  });
}

function writeModel(folder: string, name: string, model: Uint8Array, config: object): void {
  const write = (file: string, content: Uint8Array | object) =>
    writeProjectFile(
      folder,
      `models/${name}/${file}`,
      content instanceof Uint8Array ? content : JSON.stringify(content),
    );
  write('config.json', { model_type: 'bert', hidden_size: WIDTH, vocab_size: WORDS.length, ...config });
  write('tokenizer.json', tokenizer());
  write('tokenizer_config.json', {
    tokenizer_class: 'BertTokenizer',
    model_max_length: 16,
    pad_token: '[PAD]',
    unk_token: '[UNK]',
    cls_token: '[CLS]',
    sep_token: '[SEP]',
    do_lower_case: true,
  });
  write('onnx/model.onnx', model);
}

function tokenizer(): object {
  const special = WORDS.slice(0, 4).map((content, id) => ({ id, content, special: true, normalized: false }));
  const piece = (id: string, type_id = 0) => ({ SpecialToken: { id, type_id } });
  return {
    version: '1.0',
    added_tokens: special,
    normalizer: { type: 'BertNormalizer', lowercase: true, clean_text: true },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [piece('[CLS]'), { Sequence: { id: 'A', type_id: 0 } }, piece('[SEP]')],
      pair: [],
      special_tokens: {
        '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] },
        '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] },
      },
    },
    decoder: { type: 'WordPiece', prefix: '##' },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(WORDS.map((word, id) => [word, id])),
    },
  };
}

/** Numbers without a pattern that a wrong axis would hide. */
function weights(name: string, dims: readonly number[], seed: number): TensorSpec {
  const count = dims.reduce((product, dim) => product * dim, 1);
  return { name, dims, data: Array.from({ length: count }, (_, index) => Math.sin(seed + index * 1.7)) };
}

const INPUTS = ['input_ids', 'attention_mask', 'token_type_ids'].map((name) => ({
  name,
  type: 'INT64' as const,
  dims: ['batch', 'sequence'],
}));

/** tanh((words[ids] + types[token types]) * W), with the masked positions at 0. */
const HIDDEN: NodeSpec[] = [
  { op: 'Gather', inputs: ['words', 'input_ids'], outputs: ['word'] },
  { op: 'Gather', inputs: ['types', 'token_type_ids'], outputs: ['kind'] },
  { op: 'Add', inputs: ['word', 'kind'], outputs: ['sum'] },
  { op: 'MatMul', inputs: ['sum', 'w'], outputs: ['mixed'] },
  { op: 'Tanh', inputs: ['mixed'], outputs: ['bent'] },
  { op: 'Cast', inputs: ['attention_mask'], outputs: ['mask'], attributes: { to: 1 } },
  { op: 'Unsqueeze', inputs: ['mask', 'last'], outputs: ['column'] },
  { op: 'Mul', inputs: ['bent', 'column'], outputs: ['last_hidden_state'] },
];

const WEIGHTS: TensorSpec[] = [
  weights('words', [WORDS.length, WIDTH], 1),
  weights('types', [2, WIDTH], 2),
  weights('w', [WIDTH, WIDTH], 3),
  { name: 'last', type: 'INT64', dims: [1], data: new BigInt64Array([2n]) },
];

function featureModel(): Uint8Array {
  return makeModel({
    inputs: INPUTS,
    outputs: [{ name: 'last_hidden_state', dims: ['batch', 'sequence', WIDTH] }],
    nodes: HIDDEN,
    initializers: WEIGHTS,
  });
}

function classifierModel(): Uint8Array {
  return makeModel({
    inputs: INPUTS,
    outputs: [{ name: 'logits', dims: ['batch', 2] }],
    nodes: [
      ...HIDDEN,
      {
        op: 'ReduceMean',
        inputs: ['last_hidden_state'],
        outputs: ['mean'],
        attributes: { axes: [1], keepdims: 0 },
      },
      { op: 'MatMul', inputs: ['mean', 'head'], outputs: ['logits'] },
    ],
    initializers: [...WEIGHTS, weights('head', [WIDTH, 2], 4)],
  });
}
