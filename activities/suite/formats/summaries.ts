import { words } from '../../../domain/metrics/python-text.ts';
import { textOf } from '../fields.ts';
import { answer, type RawFormat, splitOf } from './format.ts';

const rouge = ['rouge_2', 'rouge_1', 'rouge_l'];

/**
 * CNN/DailyMail (Hermann et al. 2015), article and highlights. As in HELM's summarization_scenario.py texts become one line, articles
 * are cut at 512 words, and examples are taken from articles of 50 to 150 words. HELM asks at temperature 0.3; here nothing is sampled.
 */
export const cnnDailyMail: RawFormat = {
  kind: 'raw',
  header: true,
  metrics: rouge,
  adaptation: () => ({
    inputPrefix: '###\nArticle: ',
    inputSuffix: '\n\n',
    outputPrefix: 'Summarize the above article in 3 sentences.\n',
    maxNewTokens: 128,
    stop: ['###'],
  }),
  instances: (rows) =>
    rows.flatMap((row) => {
      const article = words(textOf(row, 'article')).slice(0, 512);
      const split = splitOf(row);
      if (split === 'train' && (article.length < 50 || article.length > 150)) return [];
      return [{ input: article.join(' '), references: answer(words(textOf(row, 'highlights')).join(' ')), split }];
    }),
};

/** SAMSum (Gliwa et al. 2019), `{train,val,test}.json` or the hub's parquet: dialogue and summary. The wording is ours. */
export const samsum: RawFormat = {
  kind: 'raw',
  header: true,
  metrics: rouge,
  adaptation: () => ({
    inputPrefix: '###\nDialogue: ',
    inputSuffix: '\n\n',
    outputPrefix: 'Summarize the above dialogue.\n',
    maxNewTokens: 128,
    stop: ['###'],
  }),
  instances: (rows) =>
    rows.map((row) => ({
      input: textOf(row, 'dialogue').replaceAll('\r\n', '\n'),
      references: answer(words(textOf(row, 'summary')).join(' ')),
      split: splitOf(row),
    })),
};
