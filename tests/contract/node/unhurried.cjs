// Loaded before auth0-deploy-cli, to spare what only takes time: its limit of 8 requests a second and its waits for
// the vendor's caches, and, in the schema that its files must obey, the texts of pages in all languages but English.
const pools = require('promise-pool-executor');
const waits = require('auth0-deploy-cli/lib/tools/utils');
const schema = require('auth0-deploy-cli/lib/tools/auth0/schema').default;

pools.PromisePoolExecutor = class extends pools.PromisePoolExecutor {
  constructor({ concurrencyLimit }) {
    super({ concurrencyLimit });
  }
};
waits.sleep = async () => {};
const { customText } = schema.properties.prompts.properties;
customText.properties = { en: customText.properties.en };
