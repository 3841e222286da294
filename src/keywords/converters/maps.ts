/** Maps: what a key of a file stands for (HAProxy 3.x configuration 7.3.1 and 2.7). */
import { defineMap } from '../../rules/patterns/maps.ts';

export const map = defineMap(
  'map',
  { value: 'www.example.com', call: 'map(hosts.map)', out: 'app' },
  { value: 'api.example.com', call: 'map(hosts.map,none)', out: 'api-v2' },
  { value: 'WWW.example.com', call: 'map(hosts.map)', out: null },
  { value: 'x', call: 'map(opt@missing.map,none)', out: 'none' },
  { value: 'x', call: 'map(virt@nothing)', out: null },
);

export const mapStr = defineMap(
  'map_str',
  { value: 'example.com', call: 'map_str(hosts.map)', out: 'apex' },
  { value: 'x', call: 'map_str(hosts.map,d)', out: 'd' },
  { value: 'x', call: 'map_str(hosts.map,)', out: '' },
);

export const mapStrInt = defineMap(
  'map_str_int',
  { value: 'one', call: 'map_str_int(counts.map)', out: 1 },
  { value: 'two', call: 'map_str_int(counts.map,-2)', out: -2 },
);

export const mapStrIp = defineMap(
  'map_str_ip',
  { value: 'one', call: 'map_str_ip(addresses.map)', out: '192.0.2.1' },
  { value: 'six', call: 'map_str_ip(addresses.map)', out: '2001:db8::6' },
  { value: 'x', call: 'map_str_ip(addresses.map,192.0.2.9)', out: '192.0.2.9' },
);

export const mapStrKey = defineMap('map_str_key', { value: 'example.com', call: 'map_str_key(hosts.map)', out: 'example.com' });

export const mapBeg = defineMap(
  'map_beg',
  { value: '/img/cat.png', call: 'map_beg(paths.map)', out: 'cats' },
  { value: '/img/dog.png', call: 'map_beg(paths.map)', out: 'images' },
  { value: '/x', call: 'map_beg(paths.map)', out: 'root' },
  { value: 'x', call: 'map_beg(paths.map,other)', out: 'other' },
);

export const mapBegInt = defineMap('map_beg_int', { value: '/one/x', call: 'map_beg_int(counts.map)', out: 11 });

export const mapBegIp = defineMap('map_beg_ip', { value: '/one/x', call: 'map_beg_ip(addresses.map)', out: '192.0.2.2' });

export const mapBegKey = defineMap('map_beg_key', { value: '/img/cat.png', call: 'map_beg_key(paths.map)', out: '/img/cat' });

export const mapEnd = defineMap(
  'map_end',
  { value: 'cat.png', call: 'map_end(paths.map)', out: 'pictures' },
  { value: 'cat.jpg', call: 'map_end(paths.map,other)', out: 'other' },
);

export const mapEndInt = defineMap('map_end_int', { value: 'is/one', call: 'map_end_int(counts.map)', out: 1 });

export const mapEndIp = defineMap('map_end_ip', { value: 'is six', call: 'map_end_ip(addresses.map)', out: '2001:db8::6' });

export const mapEndKey = defineMap('map_end_key', { value: 'cat.png', call: 'map_end_key(paths.map)', out: '.png' });

export const mapSub = defineMap('map_sub', { value: 'a.png.b', call: 'map_sub(paths.map)', out: 'pictures' });

export const mapSubInt = defineMap('map_sub_int', { value: 'is one.', call: 'map_sub_int(counts.map)', out: 1 });

export const mapSubIp = defineMap('map_sub_ip', { value: 'is six.', call: 'map_sub_ip(addresses.map)', out: '2001:db8::6' });

export const mapSubKey = defineMap('map_sub_key', { value: 'a.png.b', call: 'map_sub_key(paths.map)', out: '.png' });

export const mapDir = defineMap(
  'map_dir',
  { value: 'x/img/y', call: 'map_dir(paths.map)', out: 'images' },
  { value: 'x/imgs', call: 'map_dir(paths.map)', out: null },
);

export const mapDirInt = defineMap('map_dir_int', { value: 'is/one/x', call: 'map_dir_int(counts.map)', out: 1 });

export const mapDirIp = defineMap('map_dir_ip', { value: 'is/six', call: 'map_dir_ip(addresses.map)', out: '2001:db8::6' });

export const mapDirKey = defineMap('map_dir_key', { value: 'x/img/cat', call: 'map_dir_key(paths.map)', out: '/img' });

export const mapDom = defineMap(
  'map_dom',
  { value: 'www.example.com', call: 'map_dom(hosts.map)', out: 'app' },
  { value: 'x.example.com:80', call: 'map_dom(hosts.map)', out: 'apex' },
  { value: 'myexample.com', call: 'map_dom(hosts.map)', out: null },
);

export const mapDomInt = defineMap('map_dom_int', { value: 'www.one.test', call: 'map_dom_int(counts.map)', out: 1 });

export const mapDomIp = defineMap('map_dom_ip', { value: 'www.six.test', call: 'map_dom_ip(addresses.map)', out: '2001:db8::6' });

export const mapDomKey = defineMap('map_dom_key', { value: 'x.example.com:80', call: 'map_dom_key(hosts.map)', out: 'example.com' });

export const mapInt = defineMap(
  'map_int',
  { value: 1, call: 'map_int(numbers.map)', out: '7' },
  { value: 15, call: 'map_int(numbers.map)', out: '8' },
  { value: 21, call: 'map_int(numbers.map,x)', out: 'x' },
);

export const mapIntInt = defineMap('map_int_int', { value: 10, call: 'map_int_int(numbers.map)', out: 8 });

export const mapIntIp = defineMap('map_int_ip', { value: 3, call: 'map_int_ip(virt@numbers,192.0.2.1)', out: '192.0.2.1' });

export const mapIntKey = defineMap('map_int_key', { value: 12, call: 'map_int_key(numbers.map)', out: '10:20' });

export const mapIp = defineMap(
  'map_ip',
  { value: '10.1.2.3', call: 'map_ip(networks.map)', out: 'office' },
  { value: '10.2.0.1', call: 'map_ip(networks.map)', out: 'private' },
  { value: '2001:db8::1', call: 'map_ip(networks.map)', out: 'documentation' },
  { value: '::ffff:10.1.0.1', call: 'map_ip(networks.map)', out: 'office' },
  { value: '192.0.2.1', call: 'map_ip(networks.map)', out: null },
);

export const mapIpInt = defineMap('map_ip_int', { value: '10.9.9.9', call: 'map_ip_int(virt@networks,5)', out: 5 });

export const mapIpIp = defineMap('map_ip_ip', { value: '10.9.9.9', call: 'map_ip_ip(virt@networks,192.0.2.3)', out: '192.0.2.3' });

export const mapIpKey = defineMap('map_ip_key', { value: '10.1.2.3', call: 'map_ip_key(networks.map)', out: '10.1.0.0/16' });

export const mapReg = defineMap('map_reg', { value: '/img/a.png', call: 'map_reg(expressions.map)', out: '/static/\\1.webp' });

export const mapRegInt = defineMap('map_reg_int', { value: 'x', call: 'map_reg_int(virt@expressions,7)', out: 7 });

export const mapRegIp = defineMap('map_reg_ip', { value: 'x', call: 'map_reg_ip(virt@expressions,192.0.2.7)', out: '192.0.2.7' });

export const mapRegKey = defineMap('map_reg_key', { value: '/img/a.png', call: 'map_reg_key(expressions.map)', out: '^/img/(.*)\\.png$' });

export const mapRegm = defineMap(
  'map_regm',
  { value: '/img/a/b.png', call: 'map_regm(expressions.map)', out: '/static/a/b.webp' },
  { value: '/x', call: 'map_regm(expressions.map,none)', out: 'none' },
);
