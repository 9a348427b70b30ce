/** The parts of class-validator that are used. Its index loads a hundred more, and the telephone numbers of all countries. */
import { createRequire } from 'node:module';

type Library = typeof import('class-validator');

const require = createRequire(import.meta.url);

export const { ValidateBy } = part<'ValidateBy'>('decorator/common/ValidateBy');
export const { ValidateIf } = part<'ValidateIf'>('decorator/common/ValidateIf');
export const { isEmail } = part<'isEmail'>('decorator/string/IsEmail');
export const { isUUID } = part<'isUUID'>('decorator/string/IsUUID');
export const { getMetadataStorage } = part<'getMetadataStorage'>('metadata/MetadataStorage');
const { Validator } = part<'Validator'>('validation/Validator');
rememberRules(getMetadataStorage());
export const validator = new Validator();

type Storage = ReturnType<Library['getMetadataStorage']>;
type Rules = ReturnType<Storage['getTargetValidationMetadatas']>;

function rememberRules(storage: Storage): void {
  const gather = storage.getTargetValidationMetadatas.bind(storage);
  const group = storage.groupByPropertyName.bind(storage);
  const gathered = new WeakMap<object, Rules>();
  const grouped = new WeakMap<Rules, ReturnType<typeof group>>();
  storage.getTargetValidationMetadatas = (target, schema, ...choice) => {
    const find = (): Rules => gather(target, schema, ...choice);
    return schema || choice.some(Boolean) ? find() : remember(gathered, target, find);
  };
  storage.groupByPropertyName = (rules) => remember(grouped, rules, () => group(rules));
}

function remember<K extends object, V>(known: WeakMap<K, V>, key: K, find: () => V): V {
  const found = known.get(key) ?? find();
  known.set(key, found);
  return found;
}

function part<Name extends keyof Library>(path: string): Pick<Library, Name> {
  return require(`class-validator/cjs/${path}.js`) as Pick<Library, Name>;
}
