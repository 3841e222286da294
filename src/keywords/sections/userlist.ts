/** `userlist`: who may come in, with which password and in which groups (HAProxy configuration manual, 12.2). */
import type { UserGroupModel, UserlistModel, UserModel } from '../../model/sections.ts';
import { type DirectiveContext, defineSection, defineSectionKeyword, type Word } from '../define.ts';

export const userlist = defineSection({
  name: 'userlist',
  list: 'userlists',
  duplicates: 'ignored',
  doc: 'Names with passwords and groups, for `http_auth` and `http_auth_group` conditions. A second list of the same name is ignored.',
  examples: [
    {
      text: 'userlist staff\n  group admins users root\n  user root insecure-password secret',
      gives: { name: 'staff', users: [{ name: 'root', groups: ['admins'] }] },
    },
    { text: 'userlist', says: "'userlist' expects <name> as arguments" },
    { text: 'userlist staff\n  user ann groups nobody', says: "no such group 'nobody' specified in user 'ann'" },
    { text: 'userlist staff\n  group admins users nobody', says: "no such user 'nobody' specified in group 'admins'" },
  ],
  open: (name, at): UserlistModel => ({ name, at, groups: [], users: [] }),
  close: joinGroups,
});

/** Groups that name users become groups of those users; a name that does not exist is an error. */
function joinGroups(list: UserlistModel, context: DirectiveContext): void {
  const users = new Map(list.users.map((user) => [user.name, user]));
  const groups = new Set(list.groups.map((group) => group.name));
  for (const user of list.users) {
    const missing = user.groups.find((name) => !groups.has(name));
    if (missing !== undefined)
      context.error({ text: `userlist '${list.name}': no such group '${missing}' specified in user '${user.name}'` });
  }
  for (const group of list.groups) {
    for (const name of group.users) {
      const user = users.get(name);
      if (user === undefined) context.error({ text: `userlist '${list.name}': no such user '${name}' specified in group '${group.name}'` });
      else if (!user.groups.includes(group.name)) user.groups.push(group.name);
    }
  }
}

export const userlistGroup = defineSectionKeyword(userlist, {
  name: 'group',
  args: [
    { name: 'name', kind: 'word' },
    { name: 'options', kind: 'rest' },
  ],
  doc: 'A group, and with `users NAME,…` who is in it. A second group of the same name is ignored.',
  examples: [
    { text: 'group admins', gives: { groups: [{ name: 'admins', users: [] }] } },
    { text: 'group admins foo', says: "'group' only supports 'users' option." },
    { text: 'group a/b', says: "character '/' is not permitted" },
  ],
  apply(list, [name, [option, names, extra]], context) {
    if (!hasGoodName(name, context)) return;
    if (list.groups.some((group) => group.name === name.text)) {
      context.warn(`ignoring duplicated group '${name.text}' in userlist '${list.name}'.`);
      return;
    }
    if (option !== undefined && (option.text !== 'users' || extra !== undefined)) {
      context.error({ text: "'group' only supports 'users' option.", word: extra ?? option });
      return;
    }
    const group: UserGroupModel = { name: name.text, at: context.at, users: namesOf(names) };
    list.groups.push(group);
  },
});

function namesOf(word: Word | undefined): string[] {
  return word === undefined ? [] : word.text.split(',').filter((name) => name !== '');
}

function hasGoodName(word: Word, context: DirectiveContext): boolean {
  const stray = /[^A-Za-z0-9._:-]/.exec(word.text)?.[0];
  if (stray === undefined) return true;
  context.error({ text: `character '${stray}' is not permitted in '${context.keyword}' name '${word.text}'.`, word });
  return false;
}

export const userlistUser = defineSectionKeyword(userlist, {
  name: 'user',
  args: [
    { name: 'name', kind: 'text' },
    { name: 'options', kind: 'rest' },
  ],
  doc: 'A user with `password HASH` (crypt(3)) or `insecure-password TEXT`, and `groups NAME,…`. A second user of the same name is ignored; one without password never gets in.',
  examples: [
    {
      text: 'user ann insecure-password secret',
      gives: { users: [{ name: 'ann', password: 'secret', isHashed: false, groups: [] }] },
    },
    { text: 'user ann password $6$salt$hash', gives: { users: [{ name: 'ann', password: '$6$salt$hash', isHashed: true }] } },
    { text: 'user ann foo', says: "'user' only supports 'password', 'insecure-password' and 'groups' options." },
    { text: 'user ann password', says: "'user' expects a value behind 'password'" },
  ],
  apply(list, [name, options], context) {
    if (list.users.some((user) => user.name === name)) {
      context.warn(`ignoring duplicated user '${name}' in userlist '${list.name}'.`);
      return;
    }
    const user = readUser(name, options, context);
    if (user !== null) list.users.push(user);
  },
});

function readUser(name: string, words: readonly Word[], context: DirectiveContext): UserModel | null {
  let password: string | null = null;
  let isHashed = false;
  let groups: string[] = [];
  for (let at = 0; at < words.length; at += 2) {
    const option = words[at] as Word;
    const value = words[at + 1];
    const allowed = ['password', 'insecure-password', 'groups'];
    if (!allowed.includes(option.text)) {
      context.error({ text: "'user' only supports 'password', 'insecure-password' and 'groups' options.", word: option, near: allowed });
      return null;
    }
    if (value === undefined) {
      context.error({ text: `'user' expects a value behind '${option.text}'`, word: option });
      return null;
    }
    if (option.text === 'groups') groups = namesOf(value);
    else {
      password = value.text;
      isHashed = option.text === 'password';
    }
  }
  return { name, at: context.at, password, isHashed, groups };
}
