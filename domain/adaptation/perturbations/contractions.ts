import { matchCase } from './casing.ts';
import { anyOf, boundary } from './words.ts';

/**
 * What HELM 0.5.16 contracts (contraction_expansion_perturbation.py), in its order, since the first that fits counts: "cannot have"
 * becomes "can't have". Only what a space follows is contracted.
 */
export function contracted(text: string): string {
  return text.replaceAll(pattern, (_all, expanded: string) => {
    const contraction = contractions.get(expanded) ?? contractions.get(expanded.toLowerCase()) ?? expanded;
    return `${matchCase(expanded, contraction)} `;
  });
}

const contractions: ReadonlyMap<string, string> = new Map([
  ['is not', "isn't"], ['are not', "aren't"], ['cannot', "can't"], ['cannot have', "can't've"], ['could have', "could've"],
  ['could not', "couldn't"], ['did not', "didn't"], ['does not', "doesn't"], ['do not', "don't"], ['had not', "hadn't"],
  ['has not', "hasn't"], ['have not', "haven't"], ['he would', "he'd"], ['he would have', "he'd've"], ['he will', "he'll"],
  ['he is', "he's"], ['how did', "how'd"], ['how do you', "how'd'y"], ['how will', "how'll"], ['how is', "how's"], ['I would', "I'd"],
  ['I will', "I'll"], ['I am', "I'm"], ['I have', "I've"], ['i would', "i'd"], ['i will', "i'll"], ['i am', "i'm"], ['i have', "i've"],
  ['it would', "it'd"], ['it will', "it'll"], ['it is', "it's"], ['madam', "ma'am"], ['might have', "might've"],
  ['might not', "mightn't"], ['must have', "must've"], ['must not', "mustn't"], ['need not', "needn't"], ['ought not', "oughtn't"],
  ['shall not', "shan't"], ['she would', "she'd"], ['she will', "she'll"], ['she is', "she's"], ['should have', "should've"],
  ['should not', "shouldn't"], ['that would', "that'd"], ['that is', "that's"], ['there would', "there'd"], ['there is', "there's"],
  ['they would', "they'd"], ['they will', "they'll"], ['they are', "they're"], ['they have', "they've"], ['was not', "wasn't"],
  ['we would', "we'd"], ['we will', "we'll"], ['we are', "we're"], ['we have', "we've"], ['were not', "weren't"],
  ['what are', "what're"], ['what is', "what's"], ['when is', "when's"], ['where did', "where'd"], ['where is', "where's"],
  ['where have', "where've"], ['who will', "who'll"], ['who is', "who's"], ['who have', "who've"], ['why is', "why's"],
  ['will not', "won't"], ['would have', "would've"], ['would not', "wouldn't"], ['you would', "you'd"], ['you would have', "you'd've"],
  ['you will', "you'll"], ['you are', "you're"], ['you have', "you've"],
]);

const pattern = new RegExp(`${boundary}(${anyOf([...contractions.keys()])})${boundary} `, 'giu');
