import { expect, it } from 'vitest';
import { namedScoreText, scoreText } from './score-text.ts';

it('says how good a model is, whichever score it has', () => {
  expect(scoreText({ accuracy: 0.9619 })).toBe('96.2 %');
  expect(scoreText({ accuracy: 0.9619 }, 2)).toBe('96.19 %');
  expect(scoreText({ absoluteError: 3.69770227 })).toBe('±3.698');
  expect(scoreText({ absoluteError: 12_548.1 })).toBe('±12550');
  expect(scoreText(null)).toBe('–');
  expect(namedScoreText({ accuracy: 1 })).toBe('accuracy 100.0 %');
  expect(namedScoreText({ absoluteError: 0 })).toBe('error ±0');
});
