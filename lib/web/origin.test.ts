import { describe, expect, it } from 'vitest'
import { comesFromUs } from './origin'

const site = 'https://warroom.example.org'
const lab = 'http://localhost:3000'

describe('a request that changes something', () => {
  it.each([
    ['from our page', 'https://warroom.example.org', 'warroom.example.org', site],
    ['from our page, Host in capitals', 'https://warroom.example.org', 'WarRoom.example.org', site],
    ['from the lab under its name', 'http://localhost:3000', 'localhost:3000', lab],
    ['from the lab under its number', 'http://127.0.0.1:3000', '127.0.0.1:3000', lab],
  ])('is let through %s', (_, origin, host, url) => {
    expect(comesFromUs({ origin, host }, url)).toBe(true)
  })

  it.each([
    ['without an Origin', null, 'warroom.example.org', site],
    ['with an empty Origin', '', 'warroom.example.org', site],
    ['with a null Origin', 'null', 'warroom.example.org', site],
    ['from another site', 'https://evil.example.org', 'warroom.example.org', site],
    ['from a subdomain', 'https://a.warroom.example.org', 'warroom.example.org', site],
    ['from a site whose name begins like ours', 'https://warroom.example.org.evil.org', 'warroom.example.org', site],
    ['over plain HTTP', 'http://warroom.example.org', 'warroom.example.org', site],
    ['from another port', 'https://warroom.example.org:8443', 'warroom.example.org', site],
    ['with an Origin and a Host that agree on another site', 'https://evil.example.org', 'evil.example.org', site],
    ['with our Origin and another Host', 'https://warroom.example.org', 'evil.example.org', site],
    ['without a Host', 'https://warroom.example.org', null, site],
    ['with a path in the Origin', 'https://warroom.example.org/x', 'warroom.example.org', site],
    ['with an Origin that is no address', 'warroom.example.org', 'warroom.example.org', site],
    ['from a loopback page, when the site is not on loopback', 'http://localhost:3000', 'localhost:3000', site],
    ['from another program on loopback', 'http://localhost:4000', 'localhost:3000', lab],
    ['from another program that also wrote the Host', 'http://localhost:4000', 'localhost:4000', lab],
  ])('is refused %s', (_, origin, host, url) => {
    expect(comesFromUs({ origin, host }, url)).toBe(false)
  })
})
