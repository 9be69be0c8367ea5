import { execFileSync } from 'node:child_process'
import { type Browser, expect, type Page } from '@playwright/test'
import { expectAccessible } from './axe'
import { type Stage, startStage } from './start-stage'
import { test } from './test'

/*
 * A second person proves that they are one: by their password right before they approve, or by a passkey whose signature the runner
 * verifies. And a password that an admin set is good for one sign-in.
 */

let stage: Stage
/** For the tests of one description. */
function staged(where: Parameters<typeof startStage>[0]): void {
  test.beforeAll(async () => {
    stage = await startStage(where)
  })
  test.afterAll(async () => {
    await stage.end()
  })
}

async function enter(browser: Browser, login: string, password = stage.password): Promise<Page> {
  const context = await browser.newContext({ baseURL: stage.origin, colorScheme: 'dark', reducedMotion: 'reduce' })
  const page = await context.newPage()
  await page.goto('/sign-in')
  await page.getByLabel('E-mail address or login').fill(login)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL((url) => url.pathname !== '/sign-in')
  return page
}
const card = (page: Page) => page.getByRole('region', { name: 'Throw it' })
async function approve(page: Page): Promise<void> {
  await card(page)
    .getByLabel(/Type the name of the target/)
    .fill('it')
  await card(page)
    .getByRole('button', { name: /^Approve/ })
    .click()
}
const confirmation = (page: Page) => page.getByRole('region', { name: 'Confirm that it is you' })
const done = (page: Page) => expect(page.locator('[data-run-state="done"]')).toBeVisible({ timeout: 30_000 })

test.describe('where approvals take a fresh sign-in', () => {
  staged('sign-in')

  test('an approver confirms by password in the card, and what was typed stays', async ({ browser }) => {
    const page = await enter(browser, 'kai@example.org')
    await stage.age()
    await page.goto(stage.run)
    await approve(page)
    await expectAccessible(page, 'confirmation')
    await confirmation(page).getByLabel('Password of Kai').fill('not the password')
    await confirmation(page).getByRole('button', { name: 'Confirm' }).click()
    await expect(confirmation(page).getByText('That is not your password.')).toBeVisible()
    expect(await stage.thrown()).toBe(0)
    await expect(card(page).getByLabel(/Type the name of the target/)).toHaveValue('it')
    await confirmation(page).getByLabel('Password of Kai').fill(stage.password)
    await confirmation(page).getByLabel('Password of Kai').press('Enter')
    await done(page)
    expect(await stage.thrown()).toBe(1)
  })

  test('somebody whom an admin adds chooses their own password before anything else', async ({ browser }) => {
    const admin = await enter(browser, 'sasha@example.org')
    await stage.age()
    await admin.goto('/settings')
    await admin.getByRole('button', { name: 'Add a person' }).click()
    const sheet = admin.getByRole('dialog', { name: 'Add a person' })
    await sheet.getByLabel('Name').fill('Robin')
    await sheet.getByLabel('E-mail address or login').fill('robin@example.org')
    await sheet.getByLabel(/One-time password/).fill('a first password')
    await sheet.getByRole('button', { name: 'Add this person' }).click()
    await confirmation(admin).getByLabel('Password of Sasha').fill(stage.password)
    await confirmation(admin).getByRole('button', { name: 'Confirm' }).click()
    await expect(sheet).toBeHidden()
    await expect(admin.getByText('a one-time password')).toBeVisible()

    const robin = await enter(browser, 'robin@example.org', 'a first password')
    await robin.waitForURL(/choose-password/)
    await expectAccessible(robin, 'choose a password')
    for (const elsewhere of ['/settings', stage.run]) {
      await robin.goto(elsewhere)
      await robin.waitForURL(/choose-password/)
    }
    expect((await robin.request.get('/api/runs')).status()).toBe(401)
    await robin.getByLabel(/New password/).fill('a password of my own')
    await robin.getByLabel('Repeat the password').fill('a password of my own')
    await robin.getByRole('button', { name: 'Save and continue' }).click()
    await robin.waitForURL((url) => url.pathname === stage.run)
    await expect(robin.getByRole('heading', { name: 'Switch', exact: true })).toBeVisible()
  })
})

test.describe('in a lab', () => {
  staged('lab')

  test('where one click signs in, one key confirms, and approving takes no more than 20 keys and what is typed', async ({
    browser,
  }) => {
    const page = await (await browser.newContext({ baseURL: stage.origin, reducedMotion: 'reduce' })).newPage()
    await page.goto('/sign-in')
    await page.getByRole('button', { name: /, approver/ }).click()
    await page.waitForURL((url) => url.pathname !== '/sign-in')
    await stage.age()
    // By keyboard alone, from any page: the command menu leads to the request, and each next control has the focus.
    let keys = 0
    const press = async (key: string) => {
      keys += key.split('+').length
      await page.keyboard.press(key)
    }
    await page.goto('/escalation')
    await expect(page.getByRole('heading', { name: 'Levels' })).toBeVisible()
    await press('Control+k')
    await expect(page.getByPlaceholder(/Search screens/)).toBeFocused()
    await page.keyboard.type('approve')
    await expect(page.getByRole('option', { name: /^Approve or refuse: Switch/ })).toHaveAttribute(
      'aria-selected',
      'true',
    )
    await press('Enter')
    await expect(card(page).getByLabel(/Type the name of the target/)).toBeFocused()
    await page.keyboard.type('it')
    await press('Tab')
    await press('Enter')
    await expect(confirmation(page).getByRole('button', { name: 'Confirm as Kai' })).toBeFocused()
    await press('Enter')
    expect(keys).toBeLessThanOrEqual(20)
    await done(page)
    expect(await stage.thrown()).toBe(1)
  })
})

test.describe('where approvals take a passkey', () => {
  staged('passkey')

  test('an approver registers one, an operator enrols it, and its signature lets the runner act', async ({
    browser,
  }) => {
    const page = await enter(browser, 'kai@example.org')
    const devtools = await page.context().newCDPSession(page)
    await devtools.send('WebAuthn.enable')
    await devtools.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    })
    await page.goto(stage.run)
    await expect(card(page).getByText(/Approvals need a passkey here/)).toBeVisible()
    await page.goto('/settings')
    await page.getByRole('button', { name: 'Register a passkey' }).click()
    const sheet = page.getByRole('dialog', { name: 'Register a passkey' })
    await sheet.getByLabel(/Name, such as the device/).fill('Laptop')
    await sheet.getByRole('button', { name: /Register a passkey/ }).click()
    await expect(sheet).toBeHidden()
    const passkey = page.getByRole('listitem', { name: 'Laptop' })
    await passkey.getByText('For the operator of the runner').click()
    await expectAccessible(page, 'passkeys')
    const line = (await passkey.locator('code').textContent())?.replace('npm run enrol -- ', '') ?? ''
    const enrolled = execFileSync(process.execPath, ['--import', 'tsx', 'bin/enrol.ts', line], {
      env: { ...process.env, WARROOM_CONFIG: stage.config },
    }).toString()
    expect(enrolled).toContain('Enrolled a passkey of kai@example.org')

    await page.goto(stage.run)
    await approve(page)
    await done(page)
    expect(await stage.thrown()).toBe(1)
  })
})
