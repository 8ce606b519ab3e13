// SPDX-License-Identifier: Apache-2.0
// What the checks of the documentation and the site need of a Markdown page: its headings, links and code blocks.

/**
 * @typedef {{ language: string, code: string, line: number, comment: string | null }} CodeBlock
 *   `line` is that of the first line of code, from 1; `comment` the HTML comment on the lines before the block.
 * @typedef {{ target: string, line: number }} Link
 * @typedef {{ level: number, text: string, id: string }} Heading
 */

const FENCE = /^( *)(`{3,}|~{3,})(.*)$/;

/** Splits a page into code blocks and the lines outside of them (empty where code stood, so that numbers stay). */
function split(text) {
  const blocks = [];
  const prose = [];
  let open = null;
  text.split('\n').forEach((line, index) => {
    const fence = FENCE.exec(line);
    if (open === null && fence) {
      const comment = commentBefore(prose);
      open = {
        indent: fence[1].length,
        fence: fence[2],
        info: fence[3].trim(),
        lines: [],
        line: index + 2,
        comment,
      };
    } else if (open !== null && fence && fence[2].startsWith(open.fence) && fence[3].trim() === '') {
      const code = open.lines.map((inside) => inside.slice(Math.min(open.indent, inside.search(/\S|$/))));
      const language = open.info.split(/[\s{]/, 1)[0];
      blocks.push({ language, code: `${code.join('\n')}\n`, line: open.line, comment: open.comment });
      open = null;
    } else if (open !== null) open.lines.push(line);
    prose.push(open !== null || fence ? '' : line);
  });
  return { blocks, prose, isOpen: open !== null };
}

/** The text of an HTML comment that ends on the last line that is not empty. */
function commentBefore(lines) {
  const text = lines.join('\n').trimEnd();
  const start = text.lastIndexOf('<!--');
  if (!text.endsWith('-->') || start === -1) return null;
  return text.slice(start + 4, -3).trim();
}

/**
 * The fenced code blocks of a page.
 * @param {string} text
 * @returns {CodeBlock[]}
 */
export function codeBlocks(text) {
  return split(text).blocks;
}

/** Whether a fence of the page is never closed, so that the rest of it is code. */
export function hasOpenFence(text) {
  return split(text).isOpen;
}

/** What a heading reads as: links, code and emphasis without their marks. */
function plainHeading(text) {
  return text
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/`([^`]*)`/g, '$1')
    .replace(/\*\*([^*]+)\*\*/g, '$1')
    .replace(/\\([\\<>[\]_*])/g, '$1')
    .trim();
}

/**
 * The anchor of a heading, as repository browsers make it; the site uses the same.
 * @param {string} text
 */
export function slug(text) {
  return text
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}\p{Pc} -]/gu, '')
    .replace(/ /g, '-');
}

/**
 * The headings of a page, with their anchors.
 * @param {string} text
 * @returns {Heading[]}
 */
export function headings(text) {
  const seen = new Map();
  return split(text).prose.flatMap((line) => {
    const match = /^(#{1,6}) +(.*?) *#*$/.exec(line);
    if (!match) return [];
    const title = plainHeading(match[2]);
    const id = slug(title);
    const count = seen.get(id) ?? 0;
    seen.set(id, count + 1);
    return [{ level: match[1].length, text: title, id: count === 0 ? id : `${id}-${count}` }];
  });
}

/** The title of a page: its front matter's, else its first heading; null where there is none. */
export function pageTitle(text) {
  const frontMatter = /^---\n([\s\S]*?)\n---\n/.exec(text)?.[1] ?? '';
  const named = /^title: *["']?(.*?)["']? *$/m.exec(frontMatter)?.[1];
  return named ?? headings(text).find(({ level }) => level === 1)?.text ?? null;
}

const LINKS = [
  // [text](target) and [text](target "title"); the text may hold a picture.
  /(?<!!)\[(?:[^[\]]|\[[^\]]*\])*\]\(\s*<?([^()\s>]+(?:\([^()\s]*\)[^()\s]*)?)>?(?:\s+"[^"]*")?\s*\)/g,
  // ![text](target)
  /!\[[^\]]*\]\(\s*<?([^()\s>]+)>?(?:\s+"[^"]*")?\s*\)/g,
  // [name]: target
  /^ {0,3}\[[^\]]+\]:\s*<?(\S+?)>?(?:\s+"[^"]*")?\s*$/g,
  // HTML that pages use for pictures
  /\b(?:href|src|srcset)="([^"]+)"/g,
];

/**
 * Where the links and pictures of a page lead to.
 * @param {string} text
 * @returns {Link[]}
 */
export function links(text) {
  // The text of a link goes on over lines, so that paragraphs are read whole; code spans hold no links.
  const paragraphs = [];
  split(text).prose.forEach((line, index) => {
    const last = paragraphs.at(-1);
    if (last === undefined || line.trim() === '' || last.isEnd) {
      paragraphs.push({ text: line, line: index + 1, isEnd: line.trim() === '' });
    } else last.text += `\n${line}`;
  });
  return paragraphs.flatMap(({ text: paragraph, line }) => {
    const visible = paragraph.replace(/(`+)(?!`)[\s\S]*?[^`]\1(?!`)/g, (code) => code.replace(/[^\n]/g, '_'));
    return LINKS.flatMap((pattern) =>
      [...visible.matchAll(new RegExp(pattern, `${pattern.flags}m`))].map((match) => ({
        target: match[1],
        line: line + visible.slice(0, match.index).split('\n').length - 1,
      })),
    );
  });
}
